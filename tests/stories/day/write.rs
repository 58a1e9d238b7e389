//! Writing: replies, notes, files, new conversations, and what speaks against a text.

super::tasks! {
a_reply_is_typed_reviewed_and_sent_with_three_keys_beside_its_text: "americanas" => "
    open Produto ainda
    sees CAN SEND
    keys rOlá João, o pedido sai hoje.<Esc>
    sees Send to CUSTOMER João dos Santos
    sees y send, then pending
    sees E send, resolve, next
    keys <Enter>
    sees Send to CUSTOMER João dos Santos
    keys y
    sees Held 10 s, then to João dos Santos
    sees u undo
    at 1 Olá João, o pedido sai hoje.
    status pending
    who ana
    vendor READ
"
enter_is_a_line_and_the_cursor_keys_of_readline_move_in_the_text: "americanas" => "
    open Produto ainda
    keys rsai hoje<Enter>até logo<C-a>tudo bem, <C-p><C-a>Olá, <C-e>!
    sees # Olá, sai hoje!
    sees # tudo bem, até logo
    keys <C-k><C-w><C-y><C-_>
    keys <Esc>k
    sees kept as a draft
    never sai hoje
"
a_reply_quotes_the_message_under_the_cursor: "myprotein" => "
    open which browser you use
    keys R
    sees # > Please try again now
    keys It is Firefox.<Esc>
    sees Send to THG CUSTOMER SERVICES
    keys k
    sees kept as a draft
"
a_note_offers_no_key_that_sends: "americanas" => "
    open Produto ainda
    keys i
    sees TEAM ONLY about João dos Santos
    keys carrier says lost<Esc>
    sees n save note
    not y send
    keys yEY
    sees n save note
    keys n
    sees INTERNAL NOTE
    row -
    status new
    never carrier says lost
"
a_replys_bar_has_no_n: "americanas" => "
    open Produto ainda
    keys rsai hoje<Esc>
    sees y send
    not n save note
    keys n
    sees y send
    not INTERNAL NOTE
    keys k
"
a_reply_becomes_a_note_and_a_note_a_reply_after_a_question: "americanas" => "
    open Produto ainda
    keys rpara o time<C-x>n
    sees TEAM ONLY about João dos Santos
    keys <C-x>p
    sees Y
    keys Y
    sees TO CUSTOMER João dos Santos
    sees # para o time
    keys <Esc>k
"
a_canned_reply_whose_variable_is_empty_cannot_be_sent: "whatsapp" => "
    canned order.en.md Your order {{order.number}} is on its way.
    open Is it waterproof?
    keys m1
    sees {{order.number}}
    keys <Esc>
    sees {{order.number}}
    not y send
    not Y send
    keys yYE
    row -
    keys e
    keys <C-a><C-k>It is on its way.<Esc>
    sees y send
    keys y
    at 1 It is on its way.
"
our_own_contact_data_is_found_and_taken_only_with_another_key: "americanas" => "
    open Produto ainda
    keys rMe escreva em loja@minhaloja.com.br<Esc>
    sees Y send
    not E send
    keys y
    sees Y send
    row -
    keys Y
    sees Held 10 s
    at 1 Me escreva em loja@minhaloja.com.br
"
the_conversations_own_order_number_is_no_finding: "americanas" => "
    open Produto ainda
    keys rO pedido 02-123456789 sai hoje.<Esc>
    sees y send
    keys k
"
the_order_number_of_another_conversation_is: "americanas" => "
    open Produto ainda
    keys rO pedido 03-123456791 sai hoje.<Esc>
    sees Y send
    keys k
"
a_text_in_another_language_than_the_customers_is_asked_about: "americanas" => "
    open Produto ainda
    keys rYour order will be with you by the end of the week, we are sorry for the delay.<Esc>
    sees Y send
    keys k
"
a_promised_attachment_that_is_missing_is_asked_about: "whatsapp" => "
    open Is it waterproof?
    keys rPlease see the attached photo of the label.<Esc>
    sees Y send
    sees attach
    keys k
"
the_wrong_name_is_asked_about: "americanas" => "
    open Produto ainda
    keys rOlá Beatriz, o pedido sai hoje.<Esc>
    sees Y send
    keys k
"
two_files_at_thg_are_two_messages_and_one_undo: "myprotein" => "
    file label.pdf %PDF-1.4 the label
    file parcel.pdf %PDF-1.4 the parcel
    open has not moved since
    keys rBoth photos.<C-x>a
    keys ~/lab<Tab>
    sees label.pdf
    keys <Enter>
    sees [label.pdf
    keys <C-x>a~/parcel.pdf<Enter>
    sees parcel.pdf
    keys <Esc>
    sees 1/2
    sees 2/2
    keys y
    sees Held
    keys u
    row -
    sees ### TO THG
    keys <Esc>
    sees 1/2
    keys y
    files 2
    at 1 Both photos.
    at 1 (2/2) parcel.pdf
"
a_picture_goes_to_whatsapp: "whatsapp" => "
    image back.png
    open Is it waterproof?
    keys rIts back.<C-x>a~/back.png<Enter>
    sees [back.png
    keys <Esc>
    sees y send
    keys y
    files 1
    row -
"
where_files_are_forbidden_it_is_said_before_one_is_chosen: "americanas", "dsco-supplier" => "
    open Produto ainda
    keys r<C-x>a
    sees takes no files
    keys <Esc><Esc>k
    open Why is my order late?
    keys r<C-x>a
    sees takes no files
    keys <Esc><Esc>k
"
the_text_goes_through_the_agents_editor: "americanas" => "
    open Produto ainda
    editor Olá João,\\nsai hoje.
    keys r
    keys <C-x>e
    sees # Olá João,
    sees # sai hoje.
    keys <Esc>y
    at 1 Olá João,\\nsai hoje.
"
the_text_goes_through_a_program: "americanas" => "
    filter shout tr a-z A-Z
    open Produto ainda
    keys rsai hoje<C-x>f
    sees shout
    keys <Enter>
    sees # SAI HOJE
    keys <C-_>
    sees # sai hoje
    keys <Esc>k
"
a_reply_waits_for_its_hour_and_then_goes: "americanas" => "
    open Produto ainda
    keys rBom dia, João.<Esc>l
    keys 14:30<Enter>
    sees 14:30
    row later
    never Bom dia, João.
    leap 2h
    leap 29m
    after 2m
    at 1 Bom dia, João.
"
a_new_discussion_at_thg_has_an_order_and_its_products: "myprotein" => "
    keys c
    sees category
    keys <Tab>where<Tab>152050629<Tab>
    keys 10530943<Tab>
    keys The tracking shows nothing.<Esc>
    sees Start with THG CUSTOMER SERVICES (new) as
    keys y
    sees Held
    row -
    about The tracking shows nothing.
    row -
"
a_new_conversation_on_whatsapp_begins_with_a_template: "whatsapp" => "
    keys c
    sees to
    keys <Tab>4917155555555<Tab>
    keys <C-x>m
    sees we_are_back
    keys <Enter>
    sees we_are_back
    keys <Esc>
    sees we_are_back
    keys y
    posted whatsapp send we_are_back
    row -
"
a_closed_conversation_is_reopened_by_the_agents_own_key_and_answered: "dsco-supplier" => "
    about Why is my order late?
    set closed
    open Why is my order late?
    pass CLOSED there
    keys r
    sees sending would reopen it at Dsco
    keys It ships today.<Esc>
    sees Y reopen at Dsco and send
    keys Y
    at 1 It ships today.
    vendor in_progress
"
a_chat_that_goes_into_mediation_while_one_writes_says_so_in_its_border: "americanas" => "
    open Produto ainda
    keys rSai hoje
    sees TO CUSTOMER João dos Santos
    mediation on
    pass CANNOT SEND: Americanas mediates since
    sees # Sai hoje
    keys , João<Esc>
    not y send
    keys yYEk
    sees kept as a draft
    row -
    never Sai hoje
"
a_chat_that_is_only_read_takes_notes: "americanas" => "
    open Vamos falar com a loja
    keys r
    sees TEAM ONLY
    keys visto<Esc>n
    sees INTERNAL NOTE
    row -
"
what_the_customer_adds_while_one_writes_is_said_before_it_is_sent: "americanas" => "
    open Produto ainda
    keys rSai hoje
    says Cancelem, por favor!
    pass Cancelem, por favor!
    keys .<Esc>
    sees Send to CUSTOMER João dos Santos
    keys y
    at 1 Sai hoje.
"
the_words_survive_and_older_ones_are_kept: "americanas" => "
    open Produto ainda
    keys rprimeira versão
    pass saved 12:
    keys <C-x>v
    sees older
    keys <Esc>
    sees # primeira versão
    keys <Esc>D
    sees D
    keys Y
    gone # primeira
"
the_drafts_are_one_list: "americanas" => "
    open Produto ainda
    keys rmetade<Esc>k
    sees kept as a draft
    keys gd
    sees [Drafts 1]
    gone Beatriz
    sees João dos Santos
    keys <Enter><Enter>
    sees # metade
    keys <Esc>k
"
}
