//! Two agents, and what a lead asks.

super::tasks! {
one_draft_has_one_writer_until_the_other_window_takes_over: "americanas" => "
    open Produto ainda
    keys rmetade
    pass saved 12:
    window ana/2
    sees you are writing this in pts/4
    keys t
    pass yours from here on
    sees # metade
    keys , e meia
    sees # metade, e meia
    keys <Esc>k
    sees kept as a draft
    never metade
"
my_shift_ends_and_a_colleague_has_it: "americanas" => "
    member jon
    open Produto ainda
    keys am
    who ana
    keys qgh
    sees jon
    keys jon<Enter>
    sees a word for them
    keys strike in the north<Enter>
    sees Y
    keys Y
    who jon
    keys u
    who ana
"
the_report_is_opened_counted_again_and_drilled_into: "americanas" => "
    keys gr
    sees first response
    keys b
    sees channel
    keys <Enter>
    keys qq
"
a_deadline_is_explained: "americanas" => "
    open Produto ainda
    keys d
    sees marketplace
    keys d
"
a_report_leads_to_the_conversations_that_a_figure_is_made_of: "americanas" => "
    keys gr
    sees episodes
    keys <Enter>
    sees João dos Santos
    keys <Enter>
    sees msg 1/
    keys q
"
}
