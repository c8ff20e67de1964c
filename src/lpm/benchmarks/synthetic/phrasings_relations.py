"""Facts about the people in a user's life: relations and their attributes."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import FactType, Relation

_FAMILY = ("name", "city", "job", "hobby", "pet", "birthday", "dislike", "employer", "language")

RELATIONS = (
    Relation("sister", "sister", "female", _FAMILY),
    Relation("brother", "brother", "male", _FAMILY),
    Relation("cousin", "cousin", None, _FAMILY),
    Relation("aunt", "aunt", "female", ("name", "city", "job", "hobby", "pet", "birthday")),
    Relation("uncle", "uncle", "male", ("name", "city", "job", "hobby", "pet", "birthday")),
    Relation("friend", "best friend", None, _FAMILY),
    Relation("boss", "boss", None, ("name", "hobby", "pet", "birthday", "dislike", "language")),
    Relation("colleague", "desk mate", None, ("name", "hobby", "pet", "birthday", "dislike")),
    Relation("neighbour", "neighbour", None, ("name", "job", "hobby", "pet", "language")),
    Relation("flatmate", "old flatmate", None, ("name", "city", "job", "employer", "hobby")),
)

ATTRIBUTES = (
    FactType(
        key="name",
        pool="first_name",
        topic="{r}'s first name",
        clause="what {r} is called",
        train_says=(
            "{R} {v} is coming round for dinner on Friday.",
            "{R} is called {v}, in case I haven't said.",
            "I had a long phone call with {r} {v} yesterday.",
            "I'm meeting {r} later; {her} name is {v}.",
            "{v} is {r}, and we get on very well.",
        ),
        test_says=(
            "{R}, whose name is {v}, has just sent me a parcel.",
            "I spent the afternoon with {v}, who is {r}.",
            "I'd like you to know that {r} goes by the name of {v}.",
            "{R} {v} always beats me at cards.",
        ),
        train_asks=(
            "What's {r}'s name?",
            "What do I call {r}?",
            "Which name does {r} go by?",
        ),
        practice_asks=(
            "By what name do I know {r}?",
            "Who is {r}?",
            "I'm writing a card to {r}. Which first name goes on it?",
        ),
        heldout_asks=(
            "If you had to address {r}, what would you say after 'Hello'?",
            "{R} has a first name. Which one?",
        ),
    ),
    FactType(
        key="city",
        pool="city",
        topic="the city {r} lives in",
        clause="where {r} lives",
        train_says=(
            "{Who} just moved to {v} for work.",
            "{Who} lives in {v}, so we mostly talk on the phone.",
            "I'm taking the train to {v} to see {who}.",
            "{Who} has bought a small flat in {v}.",
            "I miss {who} a lot since {she} settled in {v}.",
        ),
        test_says=(
            "{Who} has been living in {v} for a couple of years.",
            "I'm off to {v} next week, because that's where {who} lives.",
            "{Who} has made {v} {her} home.",
            "These days you'd find {who} in {v}, where {she} rents a house.",
        ),
        train_asks=(
            "Where does {r} live?",
            "Which city does {r} live in?",
            "What city would I visit to see {r}?",
        ),
        practice_asks=(
            "In which town is {r}'s home?",
            "I want to send {r} a parcel. Which city do I put on it?",
            "What place does {r} call home?",
        ),
        heldout_asks=(
            "If I drove to {r}'s place, which city would I end up in?",
            "Where has {r} settled down?",
        ),
    ),
    FactType(
        key="job",
        pool="job",
        short="{a} {v}",
        topic="{r}'s job",
        clause="what {r} does for a living",
        train_says=(
            "{Who} works as {a} {v}.",
            "{Who} is {a} {v} and loves it.",
            "{Who} just qualified as {a} {v}.",
            "With {who} being {a} {v}, we never run out of stories.",
            "After years of looking, {who} has found a post as {a} {v}.",
        ),
        test_says=(
            "{Who} earns {her} living as {a} {v}.",
            "{Who} has started a new job as {a} {v}.",
            "I could never do what {who} does: {she} is {a} {v}.",
            "Being {a} {v} keeps {who} busy around the clock.",
        ),
        train_asks=(
            "What does {r} do for a living?",
            "What is {r}'s profession?",
            "Which job does {r} have?",
        ),
        practice_asks=(
            "What line of work is {r} in?",
            "How does {r} earn {her} money?",
            "Someone asked about {r}'s occupation. What should I say?",
        ),
        heldout_asks=(
            "When {r} goes to work, what is {r}'s role there?",
            "What would be printed under {r}'s name on a business card?",
        ),
    ),
    FactType(
        key="hobby",
        pool="hobby",
        topic="{r}'s hobby",
        clause="which hobby {r} has taken up",
        train_says=(
            "{Who} has taken up {v} recently.",
            "{Who} spends every free minute on {v}.",
            "{Who} is mad about {v} at the moment.",
            "I gave {who} a course in {v}, and {she} is hooked.",
            "{Who} won a small prize in {v} last month.",
        ),
        test_says=(
            "{Who} talks of nothing but {v} nowadays.",
            "Since the spring {who} has been into {v}.",
            "{Who} signed up for a class in {v} and can't stop.",
            "I never thought {who} would fall for {v}, but {she} did.",
        ),
        train_asks=(
            "What hobby does {r} have?",
            "What does {r} do in {her} free time?",
            "Which pastime is {r} crazy about?",
        ),
        practice_asks=(
            "How does {r} spend {her} leisure time?",
            "What has {r} become so keen on?",
            "I'd like to give {r} a gift for {her} hobby. Which hobby is it?",
        ),
        heldout_asks=(
            "When {r} isn't working, what is {she} busy with?",
            "What activity makes {r}'s eyes light up?",
        ),
    ),
    FactType(
        key="pet",
        pool="pet_name",
        topic="the name of {r}'s dog",
        clause="what {r}'s dog is called",
        train_says=(
            "{Who} has a dog named {v}.",
            "I'm looking after {v}, {who}'s dog, this week.",
            "{Who} adopted a puppy and called it {v}.",
            "{Who} takes {v}, {her} old dog, everywhere.",
            "I went for a walk with {who} and {her} dog {v}.",
        ),
        test_says=(
            "{Who} can't go anywhere without {v}, {her} dog.",
            "{Who} got a rescue dog that answers to {v}.",
            "I've just been licked all over by {v}, {who}'s dog.",
        ),
        train_asks=(
            "What's the name of {r}'s dog?",
            "What is {r}'s dog called?",
            "Which name did {r} give {her} dog?",
        ),
        practice_asks=(
            "What name does {r}'s dog answer to?",
            "I'm about to walk {r}'s dog. What do I shout to call it?",
            "Who is the four-legged friend of {r}?",
        ),
        heldout_asks=(
            "What would be engraved on the collar of {r}'s dog?",
            "If {r} shouted for {her} dog in the park, what would we hear?",
        ),
    ),
    FactType(
        key="birthday",
        pool="date",
        topic="{r}'s birthday",
        clause="when {r}'s birthday is",
        train_says=(
            "{Who} has {her} birthday on {v}.",
            "I need a present for {who} before {v}, {her} birthday.",
            "{Who} was born on {v}.",
            "Every year on {v} we celebrate {who}'s birthday.",
        ),
        test_says=(
            "{Who} turns a year older on {v}.",
            "I mustn't forget {v}, since that's {who}'s birthday.",
            "{Who} is throwing a birthday party on {v}.",
        ),
        train_asks=(
            "When is {r}'s birthday?",
            "On what date was {r} born?",
            "Which day is {r}'s birthday?",
        ),
        practice_asks=(
            "What date should I circle in my calendar for {r}'s birthday?",
            "On which day of the year does {r} turn a year older?",
            "By when do I need a birthday present for {r}?",
        ),
        heldout_asks=(
            "When do I owe {r} a cake with candles?",
            "Which date would I find as {r}'s date of birth, leaving out the year?",
        ),
    ),
    FactType(
        key="dislike",
        pool="ingredient",
        topic="the food {r} can't stand",
        clause="which food {r} can't stand",
        train_says=(
            "{Who} can't stand {v}.",
            "I'm cooking for {who}, and {she} hates {v}.",
            "You can serve {who} anything except {v}.",
            "{Who} makes a face at the mere smell of {v}.",
        ),
        test_says=(
            "{Who} would leave the table rather than eat {v}.",
            "I made the mistake of serving {v} to {who}, who was disgusted.",
            "There's one thing {who} refuses to eat, namely {v}.",
        ),
        train_asks=(
            "What food does {r} hate?",
            "Which food can't {r} stand?",
            "What shouldn't I cook for {r}?",
        ),
        practice_asks=(
            "What does {r} refuse to eat?",
            "{R} is coming to dinner. What must I leave out?",
            "Which ingredient disgusts {r}?",
        ),
        heldout_asks=(
            "What would {r} push to the edge of the plate?",
            "Name the thing that I should never serve {r}.",
        ),
    ),
    FactType(
        key="employer",
        pool="employer",
        topic="the company {r} works for",
        clause="which company {r} works for",
        train_says=(
            "{Who} works for {v}.",
            "{Who} got hired by {v} last spring.",
            "{Who} has a desk job at {v}.",
            "I keep hearing about {v} from {who}, who works there.",
        ),
        test_says=(
            "{Who} is on the payroll of {v}.",
            "{Who} signed a contract with {v} and started there in May.",
            "I met {who} outside the offices of {v}, where {she} works.",
        ),
        train_asks=(
            "Who does {r} work for?",
            "Which company employs {r}?",
            "At which firm does {r} work?",
        ),
        practice_asks=(
            "What's the name of {r}'s employer?",
            "Where does {r} go to work every morning?",
            "Which business pays {r}'s salary?",
        ),
        heldout_asks=(
            "If I rang {r} at the office, which company would pick up?",
            "Whose logo is on {r}'s payslip?",
        ),
    ),
    FactType(
        key="language",
        pool="language",
        topic="the language {r} is learning",
        clause="which language {r} is learning",
        train_says=(
            "{Who} is learning {v}.",
            "{Who} has started evening classes in {v}.",
            "I keep testing {who} on {her} {v} vocabulary.",
            "{Who} is struggling with {v} grammar.",
        ),
        test_says=(
            "{Who} is teaching {self} {v} with an app.",
            "Every morning {who} studies {v} before breakfast.",
            "{Who} wants to be fluent in {v} by next year.",
        ),
        train_asks=(
            "What language is {r} learning?",
            "Which language does {r} take lessons in?",
            "What language has {r} begun to study?",
        ),
        practice_asks=(
            "In which language is {r} trying to become fluent?",
            "What vocabulary is {r} busy memorising?",
            "{R} is studying a foreign language. Which?",
        ),
        heldout_asks=(
            "Which language's grammar is {r} grappling with?",
            "What tongue will {r} be able to speak before long?",
        ),
    ),
)
