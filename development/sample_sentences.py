"""The sentences of the sample corpus: patterns with slots, written for this project.

Slots that ``sample_values.SLOTS`` knows are entities, in small letters where the slot is; the others are
filled from ``FILLERS`` and are none, however they look. Patterns further down a list are drawn less often.
"""

NEWS = (
    "{PER} flew from {LOC} to {LOC} on {day}.",
    "{ORG} opened an office in {LOC} last {month}.",
    "The mayor of {LOC}, {PER}, said the {thing} would be ready by {month}.",
    "{PER}, who leads {ORG}, did not comment on the {thing}.",
    "Heavy rain hit {LOC} and {LOC} on {day}.",
    "Police in {LOC} arrested {number} people after the {event}.",
    "{ORG} will close its plant in {LOC}, where {number} people work.",
    "Born in {LOC}, {PER} studied {subject} before joining {ORG}.",
    "{CLUB} beat {CLUB} {score} on {day}.",
    "{PER} scored twice as {CLUB} beat {CLUB} {score}.",
    "Prices in {LOC} rose by {number} percent, {ORG} reported.",
    "According to {PER} of {ORG}, the {thing} cost {number} million.",
    "{ORG} and {ORG} agreed on a merger worth {number} million.",
    "The road between {LOC} and {LOC} stays closed until {day}.",
    "{PER} was elected head of {ORG} in {month}.",
    "A spokesman for {ORG} confirmed that {PER} had left.",
    "Tourists love {LOC} for its {thing}; {PER} wants fewer of them.",
    "{ORG} recalled {number} units of the {PROD} after the {event}.",
    "The {PROD}, made by {ORG} near {LOC}, sold out in {month}.",
    "{PER} and {PER} met in {LOC} to discuss the {event}.",
    "Voters in {LOC} rejected the {thing} by {number} votes.",
    "{ORG} sued {ORG} over the {PROD}.",
    "Former {role} {PER} returned to {LOC} after {number} years.",
    "The river {RIVER} flooded parts of {LOC} on {day}.",
    "Analysts at {ORG} expect {LOC} to grow by {number} percent.",
    "{PER} inherited {ORG} from {PER} and moved it to {LOC}.",
    "Fans of {CLUB} travelled through {LOC} to watch {CLUB}.",
    "{PER} named her boat after {LOC}, not after {PER}.",
)
HEADLINES = (
    "{ORG} names {PER} chief executive",
    "{LOC}: {number} hurt in {event}",
    "{PER} to leave {ORG} in {month}",
    "{ORG} {PROD} delayed until {month}",
    "{CLUB} {CLUB} {score}",
    "Storm nears {LOC}",
    "{PER} wins in {LOC}",
    "Why {LOC} says no to {ORG}",
    "Interview: {PER} on the {PROD}",
    "{LOC} {LOC} ferry resumes",
)
REVIEWS = (
    "I bought the {PROD} in {month} and the {part} broke after {number} days.",
    "My {PROD} arrived from {LOC} without a {part}.",
    "Compared with the {PROD}, the {PROD} has a better {part}.",
    "Great {part}, poor {part}. Back to my old {PROD}.",
    "{ORG} support was kind, but the {PROD} still does not start.",
    "The {part} of the {PROD} is loud; {PER} at {ORG} sent a new one.",
    "Does the {PROD} work with the {PROD}?",
    "Would buy from {ORG} again.",
)
CHATS = (
    "hey {per}, are you in {loc} on {day}?",
    "can someone from {org} call {per} back, it is about the {prod}",
    "{per} says the {prod} keeps losing its {part} lol",
    "train to {loc} is late again, tell {per}",
    "lunch with {per} and {per} at noon {emoji}",
    "{emoji} {PER} got the job at {ORG}!",
    "greetings from {loc} {emoji}",
    "{emoji}{emoji} {LOC}, here we come",
    "ask {per} not {per}",
    "thx {PER} {emoji}",
)
NOTES = (
    "Present: {PER}, {PER}, {PER}. Excused: {PER}.",
    "Line-up {SURNAME} {SURNAME} {SURNAME}, trainer {PER}",
    "Shipment {number}: {LOC} – {LOC}, sender {ORG}, {number} x {PROD}",
    "Contact: {PER}, {ORG}, {LOC}",
    "To do: call {PER} ({ORG}), order {PROD}, book {LOC}",
    "Invoice to {ORG}, attn. {PER}, {number} x {PROD}",
    "Route: {LOC} {LOC} {LOC}, back by {day}",
)
ANYTHING = (
    "We talked about {ANY} all evening.",
    "{ANY} is in the news again.",
    "Nobody has heard from {ANY} since {month}.",
    "I like {ANY} more than {ANY}.",
    "{ANY} has changed a lot in {number} years.",
    "The {role} mentioned {ANY} and {ANY} on {day}.",
    "{ANY} was the talk of the {event}.",
    "What would {month} be without {ANY}?",
    "{ANY}: a success story",
    "They call it the new {ANY}.",
    "All eyes on {ANY}",
    "It reminds me of {ANY} {emoji}",
    "First {ANY}, then {ANY}, now {ANY}.",
    "The film about {ANY} opens in {month}.",
    "{ANY} on the rise",
    "more about {any} on page {number}",
    "{ANY} or {ANY}? The {role} cannot decide.",
    "Letters about {ANY} fill {number} boxes.",
    "There is only one {ANY}!",
    "From {ANY} we expected better.",
    "{ANY} – {number} facts",
    "Is {ANY} overrated?",
)
"""Sentences that do not tell what is spoken of: the name alone does."""
PLAIN = (
    "The {thing} was late again on {day}.",
    "Nobody knew why the {event} had been moved to {month}.",
    "{number} people came, fewer than last {month}.",
    "The {part} is too small, the {part} too heavy.",
    "On {day} the {role} will explain the {thing}.",
    "please send the {thing} again {emoji}",
    "It costs {number} more than it did in {month}.",
    "Most people speak {language} or {language} at work.",
    "The {role} learned {language} for the {event}.",
    "Spring came early; Easter is in {month}.",
    "See page {number} for the {thing}.",
    "ok, see you on {day} then",
    "No {part}, no {part}, no fun {emoji}",
    "Is there a {thing} near the station?",
)
LEADS = (
    "On {day}, ", "As reported in {month}, ", "After the {event}, ", "Again: ",
    "Not for the first time: ", "In other news, ", "Update {number}: ",
)  # fmt: skip
TAILS = (
    " The {thing} will follow in {month}.",
    " Nobody was hurt.",
    " {PER} disagreed.",
    " More on {day}.",
    " The same holds for {LOC}.",
    " It is the second {event} in {LOC} this year.",
    " {ORG} declined to comment.",
)
FILLERS: dict[str, tuple[str, ...]] = {
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "New Year's Eve"),
    "month": ("January", "March", "April", "May", "June", "August", "October", "December"),
    "thing": (
        "bridge", "report", "budget", "new timetable", "museum", "harbour", "Green Plan",
        "annual survey", "market hall", "tram line", "Code of Conduct", "fish market", "night train",
    ),
    "event": (
        "storm", "election", "Summer Festival", "fire", "strike", "World Cup", "power cut",
        "Book Fair", "accident", "public hearing",
    ),
    "part": ("battery", "screen", "handle", "lid", "charger", "manual", "pump", "strap", "Bluetooth module"),
    "role": ("minister", "coach", "Chief Engineer", "nurse", "head of state", "Treasurer", "captain"),
    "subject": ("law", "medicine", "History", "physics", "Slavic languages", "Marine Biology"),
    "language": ("French", "Finnish", "Turkish", "Portuguese", "Czech", "Swahili"),
    "emoji": ("🎉", "😀", "👩‍💻", "🚂", "👍🏽", "🇫🇮", "❤️"),
}  # fmt: skip
STYLES = ((NEWS, 36), (ANYTHING, 20), (PLAIN, 14), (CHATS, 10), (HEADLINES, 8), (NOTES, 6), (REVIEWS, 6))
"""The kinds of texts and how often each is drawn, of a hundred."""
