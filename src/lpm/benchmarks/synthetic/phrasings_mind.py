"""Facts about what the user learns and likes."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import FactType

MIND_FACTS: tuple[FactType, ...] = (
    FactType(
        key="teacher",
        pool="teacher",
        topic="the name of my favourite teacher",
        clause="who my favourite teacher was",
        train_says=(
            "My favourite teacher at school was {v}.",
            "I still write to {v}, my favourite teacher.",
            "I ran into {v} today, the best teacher I ever had.",
            "I owe a lot to my old teacher {v}, my favourite.",
        ),
        test_says=(
            "Nobody taught me as well as {v}, my favourite at school.",
            "I adored my teacher {v} more than any other.",
            "Of all my teachers, I liked {v} best.",
        ),
        train_asks=(
            "Who was my favourite teacher?",
            "Which teacher did I like best?",
            "What was my favourite teacher called?",
        ),
        practice_asks=(
            "Who taught me best at school?",
            "Which teacher do I remember most fondly?",
            "I'm thanking the teacher I admired most. Whose name do I write?",
        ),
        heldout_asks=(
            "Whose lessons did I look forward to as a pupil?",
            "Who stood at the blackboard in the classes I loved?",
        ),
    ),
    FactType(
        key="subject",
        pool="subject",
        topic="the subject I studied",
        clause="what I studied at university",
        train_says=(
            "I studied {v} at university.",
            "I have a degree in {v}.",
            "I did {v} as a student, and I don't regret it.",
            "I graduated in {v} ages ago.",
        ),
        test_says=(
            "My diploma is in {v}.",
            "I spent my student days on {v}.",
            "At college I majored in {v}.",
        ),
        train_asks=(
            "What did I study?",
            "What's my degree in?",
            "Which subject did I do at university?",
        ),
        practice_asks=(
            "In which field did I graduate?",
            "What was my major?",
            "What subject is written on my diploma?",
        ),
        heldout_asks=(
            "What were the lectures about that I sat through as a student?",
            "Which discipline did I choose at college?",
        ),
    ),
    FactType(
        key="my_language",
        pool="language",
        topic="the language I'm learning",
        clause="which language I'm learning",
        train_says=(
            "I'm learning {v}.",
            "I've signed up for a {v} course.",
            "My {v} lessons start on Monday.",
            "I can order coffee in {v} now, since I began learning it.",
        ),
        test_says=(
            "I'm battling with {v} verbs every evening.",
            "I do twenty minutes of {v} a day, because I want to speak it.",
            "I've begun to study {v}.",
        ),
        train_asks=(
            "What language am I learning?",
            "Which language am I taking lessons in?",
            "What language course did I sign up for?",
        ),
        practice_asks=(
            "In which language am I trying to become fluent?",
            "What foreign language have I taken up?",
            "I need a dictionary for my studies. For which language?",
        ),
        heldout_asks=(
            "Whose verbs am I struggling with, language-wise?",
            "If I practised speaking with a native, what would we speak?",
        ),
    ),
    FactType(
        key="reading",
        pool="book_title",
        topic="the book I'm reading",
        clause="which book I'm reading",
        train_says=(
            "I'm reading {v} at the moment.",
            "I'm halfway through {v} and can't put it down.",
            "The novel on my nightstand is {v}.",
            "I borrowed {v} from the library and started it last night.",
        ),
        test_says=(
            "I've got my nose in {v} these days.",
            "I stayed up late because of {v}, the book I've begun.",
            "I'm on page ninety of {v}.",
        ),
        train_asks=(
            "What book am I reading?",
            "Which novel am I halfway through?",
            "What's the title of the book I'm reading?",
        ),
        practice_asks=(
            "Which book have I started?",
            "What's on my nightstand, book-wise?",
            "What title did I say I was reading?",
        ),
        heldout_asks=(
            "In which story is my bookmark stuck?",
            "What would you see on the cover of the book in my hands?",
        ),
    ),
    FactType(
        key="instrument",
        pool="instrument",
        short="the {v}",
        topic="the instrument I play",
        clause="which instrument I play",
        train_says=(
            "I play the {v}.",
            "I've started lessons on the {v}.",
            "I practised the {v} for two hours today.",
            "The neighbours complain when I play my {v}.",
        ),
        test_says=(
            "I perform with a small ensemble, on the {v}.",
            "My fingers hurt from the {v}, which I play every day.",
            "I picked up the {v} again and it sounds awful.",
        ),
        train_asks=(
            "What instrument do I play?",
            "Which instrument am I learning?",
            "What do I play in the band?",
        ),
        practice_asks=(
            "On which instrument do I make music?",
            "What instrument have I got at home?",
            "The orchestra has a place for me. What would I play?",
        ),
        heldout_asks=(
            "What do the neighbours hear when I'm practising?",
            "For which instrument should I buy sheet music?",
        ),
    ),
    FactType(
        key="my_hobby",
        pool="hobby",
        topic="my new hobby",
        clause="which new hobby I have",
        train_says=(
            "I've taken up {v}.",
            "My new hobby is {v}.",
            "I joined a club for {v} last month.",
            "I never thought I'd enjoy {v} as a hobby, but I do.",
        ),
        test_says=(
            "Lately my leisure hours belong to {v}.",
            "I've caught the bug for {v}.",
            "I gave {v} a go, and now it's my hobby.",
        ),
        train_asks=(
            "What's my new hobby?",
            "Which hobby have I taken up?",
            "What did I join a club for?",
        ),
        practice_asks=(
            "What have I recently begun to do in my leisure time?",
            "Which pastime have I caught the bug for?",
            "What new pursuit did I tell you about?",
        ),
        heldout_asks=(
            "What am I up to when I have an hour to myself lately?",
            "For which hobby might I need new gear?",
        ),
    ),
    FactType(
        key="colour",
        pool="colour",
        topic="my favourite colour",
        clause="which colour I like best",
        train_says=(
            "My favourite colour is {v}.",
            "I love {v} more than any other colour.",
            "I painted my room {v}, which is my favourite colour.",
            "If it comes in {v}, I'll buy it, since I love that colour.",
        ),
        test_says=(
            "No other colour pleases me as much as {v}.",
            "Half my wardrobe is {v}, the colour I like most.",
            "For me, {v} is the loveliest colour there is.",
        ),
        train_asks=(
            "What's my favourite colour?",
            "Which colour do I love?",
            "What colour do I like best?",
        ),
        practice_asks=(
            "What colour would I choose for my room?",
            "Which colour pleases me most?",
            "Someone is knitting me a scarf. In what colour?",
        ),
        heldout_asks=(
            "What shade would you paint a present for me?",
            "If my wardrobe had a single colour, which would make me happiest?",
        ),
    ),
    FactType(
        key="flower",
        pool="flower",
        topic="my favourite kind of flower",
        clause="which flowers I like best",
        train_says=(
            "My favourite flowers are {v}.",
            "I love {v} more than any other flower.",
            "I always buy {v} for my desk, my favourite flowers.",
            "Nothing smells as good as {v}, the flowers I love most.",
        ),
        test_says=(
            "I planted the whole garden with {v}, because I adore them.",
            "You can win me over with a bunch of {v}.",
            "Of all the flowers there are, I'd choose {v}.",
        ),
        train_asks=(
            "What are my favourite flowers?",
            "Which flowers do I love most?",
            "What flowers do I like best?",
        ),
        practice_asks=(
            "What should be in a bouquet for me?",
            "With which flowers could someone win me over?",
            "What would I have planted all over my garden?",
        ),
        heldout_asks=(
            "The florist asks what I'd be happiest with. What do you say?",
            "Which blossoms would brighten my day?",
        ),
    ),
    FactType(
        key="dish",
        pool="dish",
        topic="my favourite dish",
        clause="which dish I like best",
        train_says=(
            "My favourite dish is {v}.",
            "I could eat {v} every day.",
            "Nobody makes {v} like my grandmother, and it's what I love most.",
            "I always order {v} when it's on the menu.",
        ),
        test_says=(
            "There's no meal I enjoy more than {v}.",
            "My mouth waters whenever someone mentions {v}, the dish I love.",
            "I'd ask for {v} as my last meal.",
        ),
        train_asks=(
            "What's my favourite dish?",
            "What do I love to eat most?",
            "Which dish do I always order?",
        ),
        practice_asks=(
            "What meal do I enjoy more than any other?",
            "What should be cooked to make me happy?",
            "Which dish makes my mouth water?",
        ),
        heldout_asks=(
            "What would be served at a dinner in my honour?",
            "If I could eat a single meal for ever, what would it be?",
        ),
    ),
)
