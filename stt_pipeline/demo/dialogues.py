"""The texts of the sample calls: who says what, in which call. No sound, no files.

Written for this project. A text that is spoken is also the call's reference, so the dialogues keep
to common words: a speech model should stumble on the telephone line, not on a rare name.
"""

from dataclasses import dataclass
from typing import Final, Literal

Speaker = Literal["agent", "customer"]
Layout = Literal["two_channel", "mono"]

_SPEAKERS: Final[dict[str, Speaker]] = {"A": "agent", "C": "customer"}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says before the other speaks; `text` is one or more whole sentences."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A sample call: its metadata and its turns in speaking order.

    Attributes:
        call_id: unique among the sample calls; no underscore.
        agent_id: who answered.
        customer_id: who called.
        queue: the team that the call was routed to.
        started: local time of day, `HH:MM:SS`.
        weekday: days after the Monday of the week, 0 to 6.
        turns: what is said.
        layout: `two_channel` (agent left, customer right) or `mono` (both mixed).
        labelled: whether the call gets reference texts.
        overlap_turn: index of the turn that begins before the one before it has ended.
    """

    call_id: str
    agent_id: str
    customer_id: str
    queue: str
    started: str
    weekday: int
    turns: tuple[Turn, ...]
    layout: Layout = "two_channel"
    labelled: bool = True
    overlap_turn: int | None = None

    def text_of(self, speaker: Speaker | None = None) -> str:
        """Reference text: one turn a line, of one speaker or, without one, of the whole call."""
        return "\n".join(t.text for t in self.turns if speaker is None or t.speaker == speaker)


def _turns(script: str) -> tuple[Turn, ...]:
    """Reads lines `A: …` (agent) and `C: …` (customer); any other line continues the turn."""
    turns: list[Turn] = []
    for line in filter(None, map(str.strip, script.splitlines())):
        speaker = _SPEAKERS.get(line[0]) if line[1:3] == ": " else None
        if speaker:
            turns.append(Turn(speaker, line[3:]))
        else:
            turns[-1] = Turn(turns[-1].speaker, f"{turns[-1].text} {line}")
    return tuple(turns)


_PARCEL = """
A: Good morning, thank you for calling the order desk. How can I help you?
C: Hello. I ordered a pair of walking boots last week, and the parcel still has not arrived.
A: I am sorry about that. I can see the parcel left our warehouse on Friday. The driver tried to
   deliver it, but nobody was at home.
C: That is strange. I was in the garden all day. Can you send it again?
A: Of course. He can come back tomorrow afternoon, or leave it with the people next door.
C: Tomorrow afternoon is perfect. Thank you very much.
"""

_COFFEE_MACHINE = """
A: Billing department, good morning. What can I do for you?
C: Good morning. I sent back a coffee machine last month, and I am still waiting for my refund.
A: Let me check that for you. Did you receive an email when it reached us?
C: Yes, I did. It said the refund would take only a few days.
A: You are right, and I am sorry. We could not pay you because your bank card had expired.
C: Oh, I see. I have a new card now. What should I do?
A: I will send you a secure link. Please enter the new card there, and you will have the
   refund this week.
C: Great, that sounds easy. Thanks for your help.
"""

_ROUTER = """
A: Technical support, good afternoon. What seems to be the problem?
C: My internet has been down since this morning. The red light on the router keeps flashing.
A: I understand. Please press the small button on the back, and hold it until the lights go out.
C: Okay, I am holding it now. The lights are off.
A: Good. Now wait a moment while the router starts again. What does the light look like?
C: It is green now, and my computer is connected again. Wonderful.
A: I am glad to hear it. If it stops again, we will send you a new router.
"""

_STORM = """
A: Insurance claims, how may I help you today?
C: Hello. There was a storm last night, and a tree fell on the roof of my car.
A: Oh dear. Is everybody safe?
C: Yes, nobody was in the car. But the windows are broken and the door will not open.
A: I am happy that nobody was hurt. Did you take any pictures of the damage?
C: I took several pictures this morning, and my brother saw everything.
A: Perfect. Please send us the pictures, and an expert will visit you on Thursday.
C: Can I rent another car until then? I need it for work.
A: Yes, your policy pays for a rental car for two weeks.
"""

_MAGAZINE = """
A: Good afternoon, customer service. How can I help?
C: Hi. I would like to cancel my subscription to your magazine.
A: I am sorry to hear that. May I ask why you want to cancel?
C: I simply have no time to read it, and the price went up again in January.
A: I understand. We could offer you half price for the next six months.
C: That is kind, but no. I really want to cancel it.
A: That is no problem. Your subscription will end on the last day of this month.
"""

_DENTIST = """
A: Good morning, this is the dental clinic. How can I help you?
C: Good morning. I have an appointment with the dentist on Friday, but I need to move it.
A: No problem. Which day would be better for you?
C: Any morning next week would be fine, but not Monday.
A: Let me look at the calendar. The doctor is free early on Wednesday.
C: Wednesday is good. Should I bring anything with me?
A: Please bring your health card, and come a little early to fill in a form.
C: I will. One of my teeth hurts when I drink something cold.
A: Thank you for telling me. I will make a note for the doctor.
"""

_SOFA = """
A: Customer care, good evening. How may I help you?
C: I am calling to make a complaint. I have been waiting for my new sofa for two months.
A: I am very sorry. That is much too long. Has anybody called you about it?
C: No, nobody called. And when I write to you, I never get an answer.
A: I understand that you are upset. I can see that the factory is late.
C: Then why did the shop promise it before Christmas? I want to speak to your manager.
A: I will ask my manager to call you tomorrow morning. We will also give your delivery fee back.
C: Fine. But if it is not here next week, I want a full refund.
"""

_HOTEL = """
A: Hotel reservations, good afternoon.
C: Hello. I would like to book a room for the first weekend in June, please.
A: Certainly. How many people will be staying with us?
C: Two adults and a baby. Do you have a room with a view of the sea?
A: Yes, we have a lovely room on the top floor, with a balcony. Breakfast is included.
C: That sounds beautiful. Please book it for us. We will arrive late in the evening.
A: That is no trouble. The front desk is open all night.
"""

_CHARGER = """
A: Technical support, how can I help you today?
C: Hello. My phone does not charge. I only bought it in the summer.
A: Did the phone get wet, or did you drop it?
C: No, never. I always keep it in a leather case.
A: Have you tried another charger?
C: Yes, but it is still dead.
A: Then the battery is probably broken. The phone is still under warranty, so the repair is free.
C: How long does a repair take? I need my phone every day.
A: About one week. You can borrow a phone from our store until then.
"""

# The two names of places are here for the errors that they cause: without them the gate of a
# strict STT_MAX_WER would have next to nothing to stop.
_AIRPORT = """
A: Emergency travel line, good evening. Are you in a safe place?
C: Yes, thank you. We are at the airport of Guipavas. Our flight to Locmiquelic could not leave.
A: I see. It is the snow. Did the airline offer you another flight?
C: They did, but it leaves tomorrow at noon. And our suitcases are lost.
A: Your travel insurance will pay for a hotel tonight. Please keep all of the receipts.
C: What about the suitcases? My medicine is inside.
A: I will call a doctor near your hotel, so you can get new medicine in the morning.
C: Thank you. You are very kind. I was really worried.
"""

_CONCERT = """
A: Good evening, this is the concert hall. How can I help you?
C: Hi. I have tickets for the concert tonight, but my daughter is ill.
A: I am sorry to hear that. Would you like to come on another evening?
C: Yes, if that is possible. When does the orchestra play again?
A: They play again next Saturday, and on Sunday afternoon.
C: Sunday afternoon would be better for the children. Do we have to pay more?
A: No, the seats cost the same. I have three places in the fourth row, near the middle.
C: That is fantastic. Please send the tickets to my phone.
A: I will. I hope your daughter feels better soon.
"""

_POWER_CUT = """
A: Electricity emergency service, good morning. What has happened?
C: Good morning. There is no power in our street. All the houses are dark.
A: Thank you for calling. Did you hear any noise before the lights went out?
C: Yes, there was a loud bang near the bridge, and now I can smell smoke.
A: Please stay away from the bridge, and keep your windows closed.
C: Should I call the fire brigade?
A: They are already on their way, and so is our repair team.
C: How long will it take? My mother is old, and her house is getting cold.
A: The power should be back before lunch. I can send somebody to look after your mother.
"""

_ROSES = """
A: Flower shop, good afternoon. What can I do for you?
C: Hello. It is my wife's birthday tomorrow, and I would like to send her some roses.
A: What a lovely idea. Do you want red ones?
C: Yellow roses, please. And can you add a box of chocolates?
A: Certainly. Would you like to write a message on the card?
C: Yes. Please write, with all my love, from your husband.
A: Very nice. We can deliver them to her office early in the morning.
C: That is great. Can I pay when I come to the shop tonight?
A: Yes, we are open until late in the evening.
"""

_INVOICE = """
A: Billing department, good afternoon. How can I help you?
C: Hello. There is a mistake on my invoice. You have charged me for water that I never used.
A: I am sorry about that. Can you read me the number at the top of the page?
C: Yes, just a moment. I need to find my glasses.
"""

_MOVING_HOUSE = """
C: Hello, this is a message for the orders team. I would like to change the address for my
   delivery, because we are moving house next week. Please call me back when you can.
"""

DIALOGUES: Final = (
    Dialogue("C2001", "A07", "K5512", "orders", "09:04:10", 0, _turns(_PARCEL)),
    Dialogue("C2002", "A12", "K1830", "billing", "11:32:45", 0, _turns(_COFFEE_MACHINE)),
    Dialogue("C2003", "A03", "K7741", "technical", "16:20:05", 0, _turns(_ROUTER), overlap_turn=5),
    Dialogue("C2004", "A21", "K2096", "insurance", "10:15:30", 1, _turns(_STORM)),
    Dialogue("C2005", "A12", "K6603", "billing", "14:48:00", 1, _turns(_MAGAZINE), labelled=False),
    Dialogue("C2006", "A18", "K9127", "appointments", "08:31:20", 2, _turns(_DENTIST)),
    Dialogue("C2007", "A07", "K3358", "complaints", "17:55:40", 2, _turns(_SOFA)),
    Dialogue("C2008", "A25", "K4470", "bookings", "12:07:15", 3, _turns(_HOTEL)),
    Dialogue("C2009", "A03", "K8215", "technical", "15:40:50", 3, _turns(_CHARGER), labelled=False),
    Dialogue("C2010", "A21", "K1164", "insurance", "00:12:40", 4, _turns(_AIRPORT)),
    Dialogue("C2011", "A25", "K7009", "bookings", "18:22:35", 5, _turns(_CONCERT), labelled=False),
    Dialogue("C2012", "A18", "K5587", "power", "10:50:25", 6, _turns(_POWER_CUT), labelled=False),
    Dialogue("C2013", "A07", "K2743", "orders", "13:26:55", 4, _turns(_ROSES), layout="mono"),
)

CUT_OFF: Final = Dialogue(
    "C2015", "A12", "K6120", "billing", "15:02:30", 2, _turns(_INVOICE), labelled=False
)
"""Spoken in full; the recorder's file holds only the first part of it."""

VOICEMAIL: Final = Dialogue(
    "C2019",
    "A07",
    "K5512",
    "orders",
    "19:03:30",
    3,
    _turns(_MOVING_HOUSE),
    layout="mono",
    labelled=False,
)
"""Saved by the recorder under a name that says nothing of all this, so it has no call date."""
