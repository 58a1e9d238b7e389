//! Deciding: status, snooze, assignment, labels, priority, many at once, undo.

super::tasks! {
a_conversation_is_resolved_and_the_next_one_is_open: "americanas" => "
    open Qual a voltagem
    keys qE
    sees resolved
    sees msg 1/
    status resolved
    vendor ARCHIVED
"
the_popup_says_what_the_vendor_will_be_told: "americanas", "dsco-supplier" => "
    open Produto ainda
    keys s
    pass ARCHIVED
    keys p
    status pending
    row -
    open Why is my order late?
    keys s
    pass closed
    keys <Esc>
"
on_hold_takes_a_date_and_comes_back_with_it: "americanas" => "
    open Produto ainda
    keys sHfri 14:30
    sees Fri 06 Mar 14:30
    keys <Enter>
    status on_hold
    held Fri 06 Mar 14:30
    keys u
    status new
    keys sh
    status on_hold
    held Wed 04 Mar 12:00
"
snoozed_until_friday_at_half_past_two: "americanas" => "
    open Recebi, obrigada
    keys z
    pass tomorrow 9:00
    keys <Enter>fri 14:30
    sees Fri 06 Mar 14:30
    keys <Enter>
    snoozed Fri 06 Mar 14:30
    keys u
    snoozed -
"
snoozed_until_the_customer_writes: "whatsapp" => "
    open Is it waterproof?
    keys zc
    sees until
    says Hello? Anybody?
    pass Hello? Anybody?
    snoozed -
"
resolve_is_held_undone_and_done_again: "dsco-supplier" => "
    open Why is my order late?
    keys e
    sees u undo
    status resolved
    keys u
    status new
    row -
    keys <C-r>
    status resolved
    row held
    vendor closed
"
many_are_resolved_by_a_query_and_one_undo_has_them_back: "americanas" => "
    open Produto ainda
    open Qual a voltagem
    open Caso em mediação
    keys q3*
    sees mark what matches
    keys lang:pt turn:us<Enter>
    sees X unmark
    keys e
    sees 3 of 4 marked conversations
    keys <Enter>
    sees 3 of 4 marked conversations
    keys Y
    sees resolved
    keys u
    about Qual a voltagem
    status new
    row -
    vendor UNREAD
"
a_range_is_marked_labelled_and_unmarked: "americanas" => "
    keys 2
    sees [2 Una
    keys ggvjjv
    sees 3 marked
    keys t
    sees labels
    keys +natal<Enter>
    sees 3
    not marked
    keys /label:natal<Enter>
    sees João dos Santos
"
marks_end_with_their_view: "americanas" => "
    keys 3ggxx
    sees 2 marked
    keys 2
    sees [2 Una
    gone marked
    keys 3
    after 1s
    keys xx
    sees 2 marked
    keys X
    gone 2 marked
"
labels_priority_and_assignment_are_three_short_keys: "americanas" => "
    member jon
    open Produto ainda
    keys t+vip<Enter>
    labels vip
    keys pu
    priority urgent
    keys aajo<Enter>
    who jon
    keys au
    who -
    keys am
    who ana
    keys at
    sees no team is configured
    keys uuuuu
    labels 
    priority -
"
no_reply_needed_tells_the_vendor_nothing: "americanas" => "
    open Recebi, obrigada
    keys so
    status open
    keys sa
    status pending
    row -
"
unread_at_the_vendor_and_read_again: "americanas" => "
    open Recebi, obrigada
    keys su
    vendor UNREAD
    row -
    keys M
    vendor READ
"
blue_ticks_are_said_and_held: "whatsapp" => "
    open Is it waterproof?
    keys M
    sees blue ticks on 1 message
    sees u undo
    keys u
    after 10s
    row -
    keys M
    after 6s
    posted whatsapp mark_read message_id
"
unread_for_me_alone_and_the_next_unread: "americanas" => "
    open Produto ainda
    after 2s
    unread 0
    keys U
    unread 1
    row -
"
thanks_alone_stays_resolved: "whatsapp" => "
    open Is it waterproof?
    keys e
    status resolved
    says Thanks!
    pass Thanks!
    status resolved
    says But what about salt water, will it survive?
    pass salt water
    status open
"
a_second_resolve_says_that_it_is_done: "americanas" => "
    open Qual a voltagem
    keys qe
    sees resolved
    keys e
    sees already resolved
"
resolve_over_my_own_draft_asks: "americanas" => "
    open Qual a voltagem
    keys rmetade<Esc>kqe
    sees Y
    status new
    keys Y
    status resolved
"
what_arrived_unseen_stops_a_resolve: "americanas" => "
    open Qual a voltagem
    keys q
    says E a garantia?
    engine off
    engine on
    after 20s
    keys e
    sees Y
    status new
"
a_closed_case_that_writes_again_is_a_new_episode: "whatsapp" => "
    open Is it waterproof?
    keys e
    status resolved
    leap 130h
    after 1m
    status closed
    says Hello, it leaks. Can I return it?
    pass it leaks
    status open
    keys d
    sees episode
"
a_promise_is_set_by_hand_and_kept: "americanas" => "
    open Produto ainda
    keys zp
    sees promise
    keys fri 14:30<Enter>
    sees Fri
    keys qgp
    sees [Promised 1]
    sees João dos Santos
    keys sk
    sees kept
"
}
