"""Budget cycles: pages and API."""

from __future__ import annotations

from django.urls import path

from budgeting import api
from budgeting.views import (
    boards,
    codes,
    cycle_desk,
    cycles,
    extending,
    keying,
    keys,
    kiosks,
    observing,
    paper,
    rolls,
    trials,
)

urlpatterns = [
    path("budget/", cycles.cycle_list, name="cycles"),
    path("budget/verify/", boards.verify_page, name="verify"),
    path("budget/what-if/", trials.trials, name="trials"),
    path("budget/what-if/<int:pk>/", trials.trial, name="trial"),
    path("budget/<slug:slug>/", cycles.cycle_detail, name="cycle"),
    path("budget/trustee.py", keys.trustee_program, name="trustee_program"),
    path("budget/<slug:slug>/board/", boards.board, name="board"),
    path("budget/<slug:slug>/board.csv", boards.board_csv, name="board_csv"),
    path("budget/<slug:slug>/bundle.zip", boards.bundle, name="bundle"),
    path("budget/<slug:slug>/desk/", cycle_desk.cycle_desk, name="cycle_desk"),
    path("budget/<slug:slug>/key/", keys.key, name="cycle_key"),
    path("budget/<slug:slug>/extending/", extending.extending, name="extending"),
    path("budget/<slug:slug>/unsealing/", keys.unsealing, name="unsealing"),
    path("budget/<slug:slug>/observing/", observing.observing, name="observing"),
    path(
        "budget/<slug:slug>/observing/<int:pot>/",
        observing.observed_ballots,
        name="observed_ballots",
    ),
    path("budget/<slug:slug>/roll/", rolls.roll, name="roll"),
    path("budget/<slug:slug>/roll/desk/", rolls.roll_desk, name="roll_desk"),
    path("budget/<slug:slug>/roll/letters/", rolls.letters_desk, name="letters_desk"),
    path("budget/<slug:slug>/roll/officers/", rolls.officers_desk, name="officers_desk"),
    path("budget/<slug:slug>/code/", codes.voting_code, name="voting_code"),
    path("budget/<slug:slug>/code/claim/", codes.claim_code, name="claim_code"),
    path("budget/<slug:slug>/code/leave/", codes.leave_code, name="leave_code"),
    path("budget/<slug:slug>/kiosks/", kiosks.kiosks_desk, name="kiosks_desk"),
    path("budget/<slug:slug>/kiosk/", kiosks.kiosk, name="kiosk"),
    path("budget/<slug:slug>/paper/", paper.paper, name="paper"),
    path("budget/<slug:slug>/paper.csv", paper.paper_csv, name="paper_csv"),
    path("budget/<slug:slug>/paper/desk/", paper.paper_desk, name="paper_desk"),
    path("budget/<slug:slug>/paper/check-in/", paper.check_in_desk, name="check_in"),
    path("budget/<slug:slug>/paper/keying/", keying.keying_desk, name="keying"),
    path("budget/<slug:slug>/paper/sample/", keying.sample_desk, name="sample"),
    path("budget/<slug:slug>/propose/", cycles.propose, name="cycle_propose"),
    path("budget/<slug:slug>/ballot/", cycles.ballot, name="ballot"),
    path("budget/<slug:slug>/results/", cycles.results, name="results"),
    path("budget/<slug:slug>/results/<int:pot>/rounds/", cycles.rounds, name="rounds"),
    path("api/v1/cycles/", api.Cycles.as_view(), name="api_cycles"),
    path("api/v1/cycles/<slug:slug>/", api.OneCycle.as_view(), name="api_cycle"),
    path("api/v1/cycles/<slug:slug>/ballot/", api.MyBallot.as_view(), name="api_ballot"),
    path("api/v1/cycles/<slug:slug>/results/", api.Results.as_view(), name="api_results"),
]
