//! The program itself: panes, layouts, keys of one's own, the lock, the mouse.

super::tasks! {
details_lie_over_the_list_and_close_with_the_same_key: "americanas" => "
    keys 3ggd
    sees [details of
    sees Order
    keys d
    sees SUBJECT / LAST MESSAGE
"
a_pane_is_zoomed_and_the_layout_is_remembered: "americanas" => "
    size 120x40
    keys 3
    sees SUBJECT
    keys +_
    keys :layout one<Enter>
    open Produto ainda
    not SUBJECT / LAST MESSAGE
    keys :layout auto<Enter>
    sees Lucas
"
a_key_of_ones_own_works_and_the_table_knows_it: "americanas" => "
    bind list W resolve
    keys 3gg?resolve
    sees W
    keys <Esc>
"
gmails_keys: "americanas" => "
    preset gmail
    open Qual a voltagem
    keys u
    sees SUBJECT / LAST MESSAGE
    keys y
    status resolved
    keys z
    status new
"
mutts_keys: "americanas" => "
    preset mutt
    open Qual a voltagem
    keys q
    sees SUBJECT / LAST MESSAGE
    keys d
    status resolved
    keys u
    status new
"
the_screen_is_locked_and_opened: "americanas" => "
    pin abelha
    open Produto ainda
    keys L
    gone Produto ainda
    keys q<Enter>e<Enter>
    not Produto ainda
    keys abelha<Enter>
    sees Produto ainda
    stays
"
a_key_that_means_nothing_says_so: "americanas" => "
    keys s
    pass resolved
    keys w
    sees w
"
the_number_of_the_conversation_is_copied: "americanas" => "
    open Produto ainda
    keys y
    copied Olá! Produto ainda não foi entregue.
    keys qy
    copied Lojas Americanas-200123456789001/CUSTOMER_SELLER
"
a_file_is_saved_and_opened: "whatsapp" => "
    open A caixa chegou assim
    after 20s
    keys S
    sees saved
    keys o
    keys v
"
quotes_are_folded: "americanas" => "
    open Produto ainda
    keys fqfo
    sees msg 1/1
"
the_arrows_preset: "americanas" => "
    preset arrows
    open Qual a voltagem
    keys <Left>
    sees SUBJECT / LAST MESSAGE
    keys <Right>
    sees msg 1/
"
the_mouse_is_ours_and_the_terminals_again: "americanas" => "
    keys <F2>
    sees mouse
    keys <F2>
    sees mouse
"
a_name_is_completed_with_tab_and_run: "americanas" => "
    keys :go-drif<Tab>
    sees : go-drift
    keys <Enter>
    sees [Drift
"
nothing_pasted_or_mistyped_reaches_a_customer: "americanas" => "
    open Produto ainda
    paste e\\ny\\nE
    sees nothing was done
    keys sx
    sees s x
    status new
    row -
"
}
