//! What is on its way, and what went wrong.

super::tasks! {
a_failed_reply_stands_in_fix_and_is_taken_back_by_opening_the_composer: "americanas" => "
    fault skyhub reply 422
    open Produto ainda
    keys rSai hoje.<Esc>y
    row failed
    pass FAILED reply to João dos Santos
    keys qgf
    gone Beatriz
    sees João dos Santos
    keys <Enter>r
    sees taken back
    sees # Sai hoje.
    row -
    sees ### TO CUSTOMER
    keys <Esc>y
    at 1 Sai hoje.
"
a_failed_row_is_tried_again_from_the_outbox: "americanas" => "
    fault skyhub reply 422
    open Produto ainda
    keys rSai hoje.<Esc>y
    row failed
    keys qgo
    sees failed
    keys r
    at 1 Sai hoje.
    row -
"
a_failed_row_is_discarded_after_a_question: "americanas" => "
    fault skyhub reply 422
    open Produto ainda
    keys rSai hoje.<Esc>y
    row failed
    keys qgo
    sees failed
    keys D
    sees Drop row
    keys <Enter>
    row failed
    keys Y
    row -
    never Sai hoje.
"
a_held_reply_is_taken_back_from_the_outbox: "americanas" => "
    open Produto ainda
    keys rSai hoje.<Esc>y
    keys qgo
    sees held
    keys u
    row -
    never Sai hoje.
"
an_uncertain_reply_is_settled_as_there: "americanas" => "
    fault skyhub reply ResetBefore
    open Produto ainda
    keys rSai hoje.<Esc>y
    row uncertain
    leap 20s
    after 5s
    leap 2m
    after 5s
    leap 20m
    after 5s
    keys qgo
    sees uncertain
    sees Y it is there
    sees N
    keys Y
    row -
"
an_uncertain_reply_that_is_not_there_is_sent_again_after_a_question: "americanas" => "
    fault skyhub reply ResetBefore
    open Produto ainda
    keys rSai hoje.<Esc>y
    row uncertain
    leap 20s
    after 5s
    leap 2m
    after 5s
    leap 20m
    after 5s
    keys qgo
    sees Y it is there
    keys N
    sees Send row
    keys <Enter>
    row uncertain
    keys Y
    at 1 Sai hoje.
    row -
"
what_was_written_without_a_line_goes_out_with_it: "americanas" => "
    open Produto ainda
    engine off
    keys rSai hoje.<Esc>y
    leap 5m
    keys qgo
    sees João
    never Sai hoje.
    engine on
    at 1 Sai hoje.
    row -
"
quitting_with_something_held_asks_where_nobody_else_sends: "americanas" => "
    open Produto ainda
    keys rSai hoje.<Esc>y
    sees Held
    keys qq
    sees Y
    stays
    keys <Esc>
    stays
"
quitting_asks_nothing_where_nothing_is_held: "americanas" => "
    open Produto ainda
    keys qq
    quit
"
a_reply_that_waited_too_long_asks_first_of_all: "americanas" => "
    open Produto ainda
    engine off
    keys rSai hoje.<Esc>y
    sees Held
    hangup
    leap 1h
    engine on
    row parked
    hangup
    sees Not sent: reply to João
    sees Y send
    keys Y
    at 1 Sai hoje.
    row -
"
}
