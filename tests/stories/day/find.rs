//! Finding: views, search, filter, the palette.

super::tasks! {
a_name_without_its_accents_is_found: "americanas" => "
    keys 3/joao<Enter>
    sees João dos Santos
    gone Beatriz
    keys <Esc>
    sees Beatriz
"
an_order_number_is_found: "americanas" => "
    keys g/02-123456789<Enter>
    sees João dos Santos
    gone Lucas
"
a_sku_is_found: "whatsapp" => "
    keys g/nqry
    sees Sheena
    gone Kerry
    keys ix03ez<Enter>
    sees Sheena
"
the_tail_of_a_phone_number_is_found: "whatsapp" => "
    keys g/5551234<Enter>
    sees Kerry
    gone Amelia
"
words_of_a_text_are_found_and_n_goes_to_the_next_hit: "americanas" => "
    keys g/entrega<Enter>
    sees n
    sees Americanas
    gone Lucas
    keys n
    keys <Enter>
    sees msg
"
a_wrong_query_says_which_keys_there_are: "americanas" => "
    keys /colour:red<Enter>
    sees colour
    keys <Esc>
"
a_filter_is_typed_and_turned_round: "americanas" => "
    keys 3\\joão<Enter>
    sees João dos Santos
    gone Beatriz
    keys \\<C-u>!joão<Enter>
    sees Beatriz
    gone João dos Santos
    keys <Esc>
    sees João dos Santos
"
a_saved_view_is_a_tab_with_a_number: "americanas" => "
    view Lucas customer:Lucas
    keys 6
    sees [6 Lucas
    sees Lucas Ferreira
    gone Beatriz
"
a_conversation_is_opened_by_its_number: "americanas" => "
    about Recebi, obrigada
    keys :1<Enter>
    sees msg
"
the_other_conversations_of_the_customer: "americanas" => "
    open Produto ainda
    keys gc
    sees João dos Santos
"
the_other_chats_of_the_ticket: "americanas" => "
    open Produto ainda
    sees g s
    keys gs
    sees Americanas
"
where_ours_and_the_vendors_status_differ: "dsco-supplier" => "
    open Why is my order late?
    set closed
    pass closed
    keys qgD
    sees [Drift
    sees consumer 12345
"
the_palette_runs_and_says_why_not: "americanas" => "
    keys :
    keys resol
    sees resolve
    keys <Esc>
    keys :save file
    sees in: conversation
    keys <Enter>
    sees save does not work here
"
the_help_runs_what_is_picked: "americanas" => "
    open Produto ainda
    keys ?
    sees what works here
    keys internal note
    sees internal note
    keys <Enter>
    sees TEAM ONLY
    keys <Esc>k
"
in_a_conversation_a_search_goes_through_its_messages: "myprotein" => "
    open which browser you use
    keys /log in<Enter>
    sees log in
    keys nN<Esc>
"
what_arrives_waits_for_the_point: "americanas" => "
    keys 3gg
    ticket Ana Prado: Chegou o produto errado.
    pass held until you press .
    keys .
    gone held until you press .
"
}
