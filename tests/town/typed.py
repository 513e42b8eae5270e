"""Every place where people type words, and where the words are kept: found in the code, declared
here. What is found and not declared fails ``test_typed``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.apps import apps
from django.db import models
from rest_framework import serializers

import budgeting
import civicfund
from civicfund.projects.forms.merging import ProjectByNumberField
from civicfund.projects.forms.money import MoneyField

OURS = ("budgeting", "civicfund")

# Columns of words that people write, each of which is read with every payload in it.
WRITTEN = {
    "budgeting.announcement.body",
    "budgeting.announcement.subject",
    "budgeting.appeal.reason",
    "budgeting.ballotomission.reason",
    "budgeting.ballotremoval.reason",
    "budgeting.changerequest.answer",
    "budgeting.changerequest.words",
    "budgeting.cycle.cancel_reason",
    "budgeting.cycle.summary",
    "budgeting.cycle.title",
    "budgeting.extension.reason",
    "budgeting.keyinganew.reason",
    "budgeting.kiosk.name",
    "budgeting.option.exclusion_group",
    "budgeting.option.name",
    "budgeting.phasemove.reason",
    "budgeting.placetotals.reason",
    "budgeting.pollingplace.address",
    "budgeting.pollingplace.hours",
    "budgeting.pollingplace.name",
    "budgeting.pot.name",
    "budgeting.potchange.reason",
    "budgeting.proposal.reason",
    "budgeting.review.notes",
    "budgeting.review.reason",
    "budgeting.reviewtakenback.reason",
    "budgeting.rewording.reason",
    "budgeting.rewording.summary",
    "budgeting.rewording.summary_before",
    "budgeting.rewording.title",
    "budgeting.rewording.title_before",
    "budgeting.trustee.name",
    "budgeting.trustee.stands_for",
    "budgeting.trial.error",
    "budgeting.trial.name",
    "complaints.complaint.page",
    "complaints.complaint.whom",
    "complaints.look.answer",
    "complaints.look.asked",
    "complaints.note.words",
    "delivery.milestone.shows",
    "delivery.milestone.title",
    "delivery.milestonereport.words",
    "delivery.milestoneverdict.words",
    "payments.orphanreview.words",
    "payouts.payout.bank_reference",
    "people.user.display_name",
    "places.neighborhood.name",
    "places.neighborhood.population_source",
    "pledges.campaign.resumption_reason",
    "pledges.campaign.review_note",
    "pledges.campaign.suspension_reason",
    "pledges.campaignreport.words",
    "pledges.campaignupdate.title",
    "pledges.goalline.label",
    "pledges.reward.description",
    "pledges.reward.title",
    "pledges.shippingzone.name",
    "pledges.suspension.answer",
    "pledges.suspension.appeal_words",
    "pledges.suspension.words",
    "pledges.survey.intro",
    "pledges.surveyanswer.address",
    "pledges.surveyquestion.words",
    "pledges.surveyreply.words",
    "projects.coauthor.does",
    "projects.costline.label",
    "projects.joinwish.words",
    "projects.merge.reason",
    "projects.merge.undone_because",
    "projects.offer.words",
    "projects.offerfile.words",
    "projects.project.address",
    "projects.project.handed_in_by",
    "projects.project.story",
    "projects.project.summary",
    "projects.project.title",
    "projects.projectfile.words",
    "projects.projectflag.words",
    "projects.projecthiding.appeal_words",
    "projects.projecthiding.words",
    "projects.veil.words",
    "projects.version.address",
    "projects.version.story",
    "projects.version.summary",
    "projects.version.title",
    "reconciliation.explanation.words",
    "talk.comment.body",
    "talk.flag.words",
    "talk.hiding.appeal_words",
    "talk.hiding.words",
    "talk.pause.appeal_words",
    "talk.pause.words",
}
# Columns of lists and of JSON that hold words of people among other things, and how to put others
# in their place.
Reword = Callable[[Any, str], Any]


def _opened_by(kept: dict[str, Any], words: str) -> dict[str, Any]:
    """What a board begins with, by other trustees."""
    named = [{"name": words, "stands_for": words}] * 3
    return {**kept, "opening": {**kept["opening"], "trustees": named}}


WRITTEN_WITHIN: dict[str, Reword] = {
    "audit.actrequest.parameters": lambda kept, words: (
        {**kept, "words": words} if "words" in kept else kept
    ),
    "budgeting.board.opened": lambda kept, words: _opened_by(kept, words),
    "budgeting.keyingend.explained": lambda kept, words: {
        place: said | {"reason": words} for place, said in kept.items()
    },
    "pledges.surveyquestion.choices": lambda kept, words: [words for _choice in kept],
    "projects.offer.cost_lines": lambda kept, words: [[words, each[1]] for each in kept],
    "projects.version.cost_lines": lambda kept, words: [[words, each[1]] for each in kept],
}
# Columns whose names say that they hold codes, digests, keys and the like, which nobody types.
CODES = {
    "act", "advice_code", "agreed_to", "api_version", "ballot_hash", "card_brand", "card_last4",
    "code", "code_hash", "commitment", "currency", "deadline_tz", "decline_code", "digest",
    "failure", "failure_code", "first", "first_key_hash", "answer_hash", "head",
    "id", "idempotency_key", "key_hash", "language", "parameters_digest", "password",
    "person_key", "public_key", "receipt_hash", "root", "rule", "seed", "sha256", "slot",
    "slot_key_hash", "slug", "source", "source_id", "source_type", "target_id", "target_type",
    "text_version", "tie_commitment", "tie_seed", "ties", "verb", "version", "account",
    "account_id", "charge_id", "customer_id", "object_id", "payment_intent_id",
    "payment_method_id", "refund_id", "request_id", "reversal_id", "setup_intent_id",
    "transfer_id",
}  # fmt: skip
# Columns that hold no words of people though their names might say so.
NO_WORDS = {
    # Addresses, which the field refuses where they are none.
    "people.user.email",
    "people.user.guest_email",
    "projects.invitation.address",
    # Codes of the provider and of our own.
    "ledger.entry.kind",
    "notices.message.kind",
    "payments.orphan.reason",
    "payments.providerevent.error",
    "pledges.dispute.reason",
    # A number that the site gave, and a sealed box.
    "budgeting.sheet.number",
    "budgeting.rehearsal.box",
}
# Inputs whose field lets no words through: ``test_typed`` tries every payload on each.
NARROW = (
    forms.EmailField,
    forms.SlugField,
    forms.UUIDField,
    forms.URLField,
    MoneyField,
    ProjectByNumberField,
)
NARROW_SERIALIZED = (serializers.EmailField, serializers.SlugField, serializers.UUIDField)

# What is compared, looked up or used and not kept; nobody is shown it but whoever typed it.
COMPARED = "compared"
# Inputs of forms, by ``module.Form.field``, and where their words are kept.
INPUTS: dict[str, str] = {
    "budgeting.forms.announcements.AnnouncementForm.body": "budgeting.announcement.body",
    "budgeting.forms.announcements.AnnouncementForm.subject": "budgeting.announcement.subject",
    "budgeting.forms.announcements.SendForm.digest": COMPARED,
    "budgeting.forms.cycles.AppropriationForm.words": "audit.actrequest.parameters",
    "budgeting.forms.cycles.BasisForm.title": "budgeting.cycle.title",
    "budgeting.forms.cycles.ChangePotForm.name": "budgeting.pot.name",
    "budgeting.forms.cycles.CycleForm.summary": "budgeting.cycle.summary",
    "budgeting.forms.cycles.CycleForm.title": "budgeting.cycle.title",
    "budgeting.forms.cycles.ExtensionForm.reason": "budgeting.extension.reason",
    "budgeting.forms.cycles.MovePhaseForm.reason": "budgeting.phasemove.reason",
    "budgeting.forms.cycles.PotForm.name": "budgeting.pot.name",
    "budgeting.forms.cycles.ReasonForm.reason": "budgeting.cycle.cancel_reason",
    "budgeting.forms.cycles.RewordForm.reason": "budgeting.rewording.reason",
    "budgeting.forms.cycles.RewordForm.summary": "budgeting.cycle.summary",
    "budgeting.forms.cycles.RewordForm.title": "budgeting.cycle.title",
    "budgeting.forms.cycles.RulesForm.summary": "budgeting.cycle.summary",
    "budgeting.forms.cycles.RulesForm.title": "budgeting.cycle.title",
    "budgeting.forms.keys.PartsForm.one": COMPARED,
    "budgeting.forms.keys.PartsForm.two": COMPARED,
    "budgeting.forms.keys.PublicKeyForm.public_key": COMPARED,
    "budgeting.forms.keys.ReceiptForm.receipt": COMPARED,
    "budgeting.forms.kiosks.KioskCodeForm.code": COMPARED,
    "budgeting.forms.kiosks.RegisterKioskForm.name": "budgeting.kiosk.name",
    "budgeting.forms.kiosks.UnlockForm.number": COMPARED,
    "budgeting.forms.paper.CheckInForm.found": COMPARED,
    "budgeting.forms.paper.CorrectPlaceForm.address": "budgeting.pollingplace.address",
    "budgeting.forms.paper.CorrectPlaceForm.hours": "budgeting.pollingplace.hours",
    "budgeting.forms.paper.CorrectPlaceForm.name": "budgeting.pollingplace.name",
    "budgeting.forms.paper.FindVoterForm.number": COMPARED,
    "budgeting.forms.paper.KeyingAnewForm.reason": "budgeting.keyinganew.reason",
    "budgeting.forms.paper.PlaceForm.address": "budgeting.pollingplace.address",
    "budgeting.forms.paper.PlaceForm.hours": "budgeting.pollingplace.hours",
    "budgeting.forms.paper.PlaceForm.name": "budgeting.pollingplace.name",
    "budgeting.forms.paper.SheetForm.number": COMPARED,
    "budgeting.forms.paper.TotalsForm.reason": "budgeting.placetotals.reason",
    "budgeting.forms.proposal_files.CheckedFileForm.checked": COMPARED,
    "budgeting.forms.reviews.AppealForm.reason": "budgeting.appeal.reason",
    "budgeting.forms.finding.ProposalFilter.q": COMPARED,
    "budgeting.forms.reviews.BoardFilter.q": COMPARED,
    "budgeting.forms.reviews.ChangesForm.words": "budgeting.changerequest.words",
    "budgeting.forms.reviews.GiveBackForm.answer": "budgeting.changerequest.answer",
    "budgeting.forms.reviews.GivePotForm.reason": "budgeting.potchange.reason",
    "budgeting.forms.reviews.GroupForm.name": "budgeting.option.exclusion_group",
    "budgeting.forms.reviews.TakeBackReviewForm.reason": "budgeting.reviewtakenback.reason",
    "budgeting.forms.reviews.KeepOffForm.reason": "budgeting.ballotomission.reason",
    "budgeting.forms.reviews.TakeOffForm.reason": "budgeting.ballotremoval.reason",
    "budgeting.forms.reviews.VerdictForm.notes": "budgeting.review.notes",
    "budgeting.forms.reviews.VerdictForm.reason": "budgeting.review.reason",
    "budgeting.forms.roll.CheckedForm.checked": COMPARED,
    "budgeting.forms.roll.CodeForm.code": COMPARED,
    "budgeting.forms.roll.PersonForm.number": COMPARED,
    "budgeting.forms.roll.SecondForm.second_number": COMPARED,
    "civicfund.audit.forms.TrailForm.about": COMPARED,
    "civicfund.complaints.forms.AgainForm.words": "complaints.look.asked",
    "civicfund.complaints.forms.AnswerForm.words": "complaints.look.answer",
    "civicfund.complaints.forms.ComplaintForm.page": "complaints.complaint.page",
    "civicfund.complaints.forms.ComplaintForm.whom": "complaints.complaint.whom",
    "civicfund.complaints.forms.ComplaintForm.words": "complaints.look.asked",
    "civicfund.complaints.forms.NoteForm.words": "complaints.note.words",
    "civicfund.delivery.forms.StepForm.shows": "delivery.milestone.shows",
    "civicfund.delivery.forms.StepForm.title": "delivery.milestone.title",
    "civicfund.people.forms.CloseForm.password": COMPARED,
    "civicfund.people.forms.ConfirmHomeForm.found": COMPARED,
    "civicfund.people.forms.SignupForm.display_name": "people.user.display_name",
    "civicfund.people.forms.accounts.LoginForm.password": COMPARED,
    "civicfund.people.forms.accounts.SignupForm.display_name": "people.user.display_name",
    "civicfund.people.forms.accounts.SignupForm.username": COMPARED,
    "civicfund.people.forms.roles.AskForRoleForm.found": COMPARED,
    "civicfund.people.forms.roles.FindPersonForm.who": COMPARED,
    "civicfund.pledges.forms.campaign.AddedRewardForm.description": "pledges.reward.description",
    "civicfund.pledges.forms.campaign.AddedRewardForm.title": "pledges.reward.title",
    "civicfund.pledges.forms.campaign.RewardForm.description": "pledges.reward.description",
    "civicfund.pledges.forms.campaign.RewardForm.title": "pledges.reward.title",
    "civicfund.pledges.forms.campaign.ZoneForm.name": "pledges.shippingzone.name",
    "civicfund.pledges.forms.pledge.AppealForm.words": "pledges.suspension.appeal_words",
    "civicfund.pledges.forms.pledge.PledgeForm.consent_version": COMPARED,
    "civicfund.pledges.forms.pledge.PledgeForm.guest_name": "people.user.display_name",
    "civicfund.pledges.forms.pledge.ReasonForm.reason": "pledges.campaign.review_note",
    "civicfund.pledges.forms.pledge.ReportForm.words": "pledges.campaignreport.words",
    "civicfund.pledges.forms.surveys.QuestionForm.choices": "pledges.surveyquestion.choices",
    "civicfund.pledges.forms.surveys.QuestionForm.words": "pledges.surveyquestion.words",
    "civicfund.pledges.forms.surveys.SurveyForm.intro": "pledges.survey.intro",
    "civicfund.pledges.forms.updates.CorrectionForm.body": "talk.comment.body",
    "civicfund.pledges.forms.updates.UpdateForm.body": "talk.comment.body",
    "civicfund.pledges.forms.updates.UpdateForm.title": "pledges.campaignupdate.title",
    "civicfund.projects.forms.authors.DoesForm.does": "projects.coauthor.does",
    "civicfund.projects.forms.authors.JoinForm.words": "projects.joinwish.words",
    "civicfund.projects.forms.authors.OnPaperForm.handed_in_by": "projects.project.handed_in_by",
    "civicfund.projects.forms.files.FileForm.words": "projects.projectfile.words",
    "civicfund.projects.forms.files.WordsForm.words": "projects.projectfile.words",
    "civicfund.projects.forms.merging.AskToMergeForm.reason": "projects.merge.reason",
    "civicfund.projects.forms.merging.ModeratorMergeForm.reason": "projects.merge.reason",
    "civicfund.projects.forms.merging.UndoForm.reason": "projects.merge.undone_because",
    "civicfund.projects.forms.moderation.AppealForm.words": "projects.projecthiding.appeal_words",
    "civicfund.projects.forms.moderation.FlagForm.words": "projects.projectflag.words",
    "civicfund.projects.forms.moderation.ProjectFlagForm.words": "projects.projectflag.words",
    "civicfund.projects.forms.moderation.HidingForm.words": "projects.projecthiding.words",
    "civicfund.projects.forms.offers.OfferForm.shows": "projects.offerfile.words",
    "civicfund.projects.forms.offers.OfferForm.words": "projects.offer.words",
    "civicfund.projects.forms.similar.IdeaForm.summary": "projects.project.summary",
    "civicfund.projects.forms.similar.IdeaForm.title": "projects.project.title",
    "civicfund.projects.forms.writing.CostLineForm.label": "projects.costline.label",
    "civicfund.projects.forms.writing.ProjectForm.address": "projects.project.address",
    "civicfund.projects.forms.writing.ProjectForm.story": "projects.project.story",
    "civicfund.projects.forms.writing.ProjectForm.summary": "projects.project.summary",
    "civicfund.projects.forms.writing.ProjectForm.title": "projects.project.title",
    "civicfund.reconciliation.forms.ExplanationForm.words": "reconciliation.explanation.words",
    "civicfund.talk.forms.AnswerForm.body": "talk.comment.body",
    "civicfund.talk.forms.AuthorForm.words": "talk.hiding.words",
    "civicfund.talk.forms.CommentForm.body": "talk.comment.body",
    "civicfund.talk.forms.PauseAppealForm.words": "talk.pause.appeal_words",
    "civicfund.talk.forms.PauseForm.words": "talk.pause.words",
    "civicfund.talk.forms.ThreadForm.body": "talk.comment.body",
    "civicfund.talk.forms.TickedForm.words": "talk.hiding.words",
    "civicfund.town.forms.PopulationForm.source": "places.neighborhood.population_source",
    "civicfund.town.local_views.SampleForm.story": COMPARED,
    "civicfund.town.local_views.SampleForm.title": COMPARED,
}
# What a view takes from a form with no fields of its own, by file and name.
BARE_INPUTS = {
    ("civicfund/delivery/views.py", "words"): "delivery.milestonereport.words",
    ("civicfund/payouts/views.py", "reference"): "payouts.payout.bank_reference",
    ("civicfund/pledges/admin.py", "reason"): "pledges.campaign.review_note",
    ("civicfund/town/views/treasury.py", "words"): "payments.orphanreview.words",
}
# Names under which a view takes a number, the name of an act or a choice, which it compares.
NAMES_OF_CHOICES = {
    "act", "action", "agree", "as", "comments", "different", "instead", "of", "position", "pot",
    "proposals", "remove", "report", "row", "seen", "undo", "unfollow", "wanted",
}  # fmt: skip
# What an address may say behind its question mark.
IN_ADDRESSES = {
    "ballot", "before", "code", "followed", "into", "neighborhood", "next", "page", "place",
    "project", "q", "reward", "round", "rule", "show", "since", "whose",
}  # fmt: skip
# Fields that a form makes for what it is about: the code that makes them, and where they go.
MADE_INPUTS = {
    "budgeting/forms/keys.py": "budgeting.trustee.name",
    "budgeting/forms/paper.py": "budgeting.keyingend.explained",
    "civicfund/pledges/forms/surveys.py": "pledges.surveyreply.words",
}
# What the API takes, by ``module.Serializer.field``.
SERIALIZED = {
    "civicfund.pledges.serializers.CardInput.consent_version": COMPARED,
    "civicfund.pledges.serializers.PledgeChangeInput.consent_version": COMPARED,
    "civicfund.pledges.serializers.PledgeInput.consent_version": COMPARED,
    "civicfund.projects.serializers.CostLineInput.label": "projects.costline.label",
    "civicfund.projects.serializers.ProjectInput.address": "projects.project.address",
    "civicfund.projects.serializers.ProjectInput.story": "projects.project.story",
    "civicfund.projects.serializers.ProjectInput.summary": "projects.project.summary",
    "civicfund.projects.serializers.ProjectInput.title": "projects.project.title",
    "civicfund.talk.serializers.CommentInput.body": "talk.comment.body",
    "civicfund.talk.serializers.WordsInput.body": "talk.comment.body",
}


def load() -> None:
    """Import all that is ours, so that every form and serializer is known; but for what makes a
    process one of the site's, with its own collector and plans.
    """
    others = (".migrations", ".settings", "__main__", ".wsgi")
    for top in (budgeting, civicfund):
        for found in pkgutil.walk_packages(top.__path__, f"{top.__name__}."):
            if not any(part in found.name for part in others):
                importlib.import_module(found.name)


def columns() -> Iterator[str]:
    """Each column of words in our tables, where nobody chooses from a list."""
    for model in apps.get_models():
        if model.__module__.partition(".")[0] in OURS and not model._meta.proxy:
            for each in model._meta.local_concrete_fields:
                if isinstance(each, models.CharField | models.TextField) and not each.choices:
                    yield f"{model._meta.label_lower}.{each.name}"


def _below(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _ours(kind: type) -> list[type]:
    found = {each for each in _below(kind) if each.__module__.partition(".")[0] in OURS}
    return sorted(found, key=lambda each: (each.__module__, each.__qualname__))


def inputs() -> Iterator[tuple[str, forms.Field]]:
    """Each text input of every form."""
    for form in _ours(forms.BaseForm):
        for name, each in form.base_fields.items():
            if isinstance(each, forms.CharField):
                yield f"{form.__module__}.{form.__qualname__}.{name}", each


def serialized() -> Iterator[tuple[str, serializers.Field]]:
    """Each text that the API takes."""
    for kind in _ours(serializers.BaseSerializer):
        if kind.__name__.endswith("Output"):
            continue
        for name, each in kind().fields.items():
            if isinstance(each, serializers.CharField) and not each.read_only:
                yield f"{kind.__module__}.{kind.__qualname__}.{name}", each
