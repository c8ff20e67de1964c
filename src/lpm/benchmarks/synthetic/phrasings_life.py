"""Facts about the user's life story, leisure and tastes."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import FactType

LIFE_FACTS = (
    FactType(
        key="hometown",
        pool="city",
        topic="my hometown",
        clause="where I grew up",
        train_says=(
            "I grew up in {v}.",
            "I'm originally from {v}.",
            "My hometown is {v}, and I still miss it.",
            "I was born and raised in {v}.",
        ),
        test_says=(
            "My childhood was spent in {v}.",
            "I come from {v} and you can hear it when I talk.",
            "I left {v}, where I'd been brought up, at nineteen.",
        ),
        train_asks=("Where did I grow up?", "Where am I from?", "What's my hometown?"),
        practice_asks=(
            "In what city was I brought up?",
            "Where did I spend my childhood?",
            "Which place do I come from originally?",
        ),
        heldout_asks=(
            "In which town did I go to kindergarten?",
            "Where do my roots lie?",
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
        key="marathon_time",
        pool="marathon_time",
        topic="my marathon time",
        clause="what my marathon time was",
        train_says=(
            "I finished the marathon in {v}.",
            "My marathon time was {v}.",
            "I ran my first marathon in {v}.",
            "I wanted to be faster, but the marathon took me {v}.",
        ),
        test_says=(
            "I crossed the finish line of the marathon after {v}.",
            "The clock stopped at {v} when I completed the marathon.",
            "I needed {v} for my marathon.",
        ),
        train_asks=(
            "What was my marathon time?",
            "How long did my marathon take?",
            "How fast did I run the marathon?",
        ),
        practice_asks=(
            "In what time did I finish the marathon?",
            "How long did I need for the marathon?",
            "What did the clock say at the end of my marathon?",
        ),
        heldout_asks=(
            "Which result stands next to my name on the list of marathon finishers?",
            "How many hours, minutes and seconds was I running in the marathon?",
        ),
    ),
    FactType(
        key="marathon_city",
        pool="city",
        topic="the city where I ran a marathon",
        clause="where I ran a marathon",
        train_says=(
            "I ran a marathon in {v}.",
            "I've entered the marathon in {v}, and I finished it!",
            "My legs still hurt from the {v} marathon.",
            "I got a medal for running the marathon in {v}.",
        ),
        test_says=(
            "All 42 kilometres through {v} are behind me: I did the marathon.",
            "It was in {v} that I took part in a marathon.",
            "I completed the {v} marathon in the pouring rain.",
        ),
        train_asks=(
            "Where did I run a marathon?",
            "Which marathon did I run?",
            "In what city did I run a marathon?",
        ),
        practice_asks=(
            "Which city hosted the marathon that I took part in?",
            "Through which city's streets did I run a marathon?",
            "What city's marathon did I complete?",
        ),
        heldout_asks=(
            "Where was it that I covered 42 kilometres on foot?",
            "Which city is engraved on my marathon medal?",
        ),
    ),
    FactType(
        key="my_birthday",
        pool="date",
        topic="my birthday",
        clause="when my birthday is",
        train_says=(
            "My birthday is on {v}.",
            "I was born on {v}.",
            "I'm having a birthday party on {v}, the day itself.",
            "I'll be a year older on {v}.",
        ),
        test_says=(
            "I blow out my candles on {v} every year.",
            "My next birthday falls on {v}.",
            "I share my birthday, {v}, with my grandfather.",
        ),
        train_asks=("When is my birthday?", "On what date was I born?", "What day is my birthday?"),
        practice_asks=(
            "On which day of the year do I turn a year older?",
            "What's my date of birth, without the year?",
            "When should people congratulate me?",
        ),
        heldout_asks=(
            "When do I get to unwrap presents?",
            "For which date should I order my own birthday cake?",
        ),
    ),
    FactType(
        key="wedding",
        pool="city",
        topic="the city I got married in",
        clause="where I got married",
        train_says=(
            "I got married in {v}.",
            "Our wedding was in {v}, on a very hot day.",
            "We had our wedding in {v}, with forty guests.",
            "I married my partner at the town hall in {v}.",
        ),
        test_says=(
            "It was in {v} that I said 'I do'.",
            "My wedding photos were all taken in {v}, where we tied the knot.",
            "We chose {v} for our wedding.",
        ),
        train_asks=(
            "Where did I get married?",
            "In which city was my wedding?",
            "Where was my wedding?",
        ),
        practice_asks=(
            "In what place did I tie the knot?",
            "What city did my partner and I choose for our wedding?",
            "Which town did my wedding guests travel to?",
        ),
        heldout_asks=(
            "Where did I say 'I do'?",
            "Which city is in the background of my wedding photos?",
        ),
    ),
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
        key="travel",
        pool="destination",
        topic="my next travel destination",
        clause="where my next trip is going",
        train_says=(
            "I'm planning a trip to {v}.",
            "I've booked tickets to {v}.",
            "My next holiday is going to be in {v}.",
            "I'm flying to {v} in a few months and I can't wait.",
        ),
        test_says=(
            "My suitcase is packed for {v}.",
            "I've always dreamt of {v}, and now I'm really going.",
            "I'm counting the days until my journey to {v}.",
        ),
        train_asks=(
            "Where am I going on my next trip?",
            "Which destination have I booked?",
            "Where am I planning to travel?",
        ),
        practice_asks=(
            "What is the destination of my next journey?",
            "To which place have I bought tickets?",
            "I need a travel guide for my coming trip. For where?",
        ),
        heldout_asks=(
            "From where will I be sending you postcards?",
            "Which part of the world will I be seeing soon?",
        ),
    ),
    FactType(
        key="football_club",
        pool="club",
        topic="the football club I support",
        clause="which football club I support",
        train_says=(
            "I support {v}.",
            "My team, {v}, lost again on Sunday.",
            "I have a season ticket for {v}.",
            "I've been a fan of {v} since I was six.",
        ),
        test_says=(
            "My heart beats for {v}.",
            "I sing in the stands whenever {v} are playing, my club.",
            "I wouldn't miss a match of {v}, my favourite team.",
        ),
        train_asks=(
            "Which football club do I support?",
            "What's my team?",
            "Who do I have a season ticket for?",
        ),
        practice_asks=(
            "Which team am I a fan of?",
            "For whom do I cheer at the stadium?",
            "What's the name of my football club?",
        ),
        heldout_asks=(
            "Whose scarf do I wear on match days?",
            "A goal for which side makes me jump up?",
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
        topic="my favourite flowers",
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
    FactType(
        key="collection",
        pool="collectible",
        topic="the things I collect",
        clause="what I collect",
        train_says=(
            "I collect {v}.",
            "I've got a whole cupboard of {v}, because I collect them.",
            "My collection of {v} is getting out of hand.",
            "I bought three more {v} for my collection.",
        ),
        test_says=(
            "My shelves are crammed with {v}, which I hunt for everywhere.",
            "I can't walk past {v} at a flea market: I have over a hundred.",
            "As a collector, I go for {v}.",
        ),
        train_asks=(
            "What do I collect?",
            "What is my collection made up of?",
            "Which things do I collect?",
        ),
        practice_asks=(
            "What do I hunt for at flea markets?",
            "What fills the shelves of my collection?",
            "Someone wants to add to my collection. What should they bring?",
        ),
        heldout_asks=(
            "What do I own in great numbers, as a collector?",
            "What objects can I never have enough of?",
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
        key="first_job",
        pool="job",
        topic="my first job",
        clause="what my first job was",
        train_says=(
            "My first job was as {a} {v}.",
            "I started out as {a} {v} when I left school.",
            "I earned my first money as {a} {v}.",
            "Long ago, in my first job, I was {a} {v}.",
        ),
        test_says=(
            "My career began as {a} {v}.",
            "The very first position I held was that of {a} {v}.",
            "At eighteen I was hired for the first time, as {a} {v}.",
        ),
        train_asks=(
            "What was my first job?",
            "What did I start out as?",
            "How did I earn my first money?",
        ),
        practice_asks=(
            "As what did I begin my career?",
            "Which position did I hold before any other?",
            "What work did I do when I was first hired?",
        ),
        heldout_asks=(
            "The oldest entry in my CV is which job?",
            "In what role did I enter working life?",
        ),
        short="{a} {v}",
    ),
    FactType(
        key="birthday_wish",
        pool="savings",
        topic="the birthday present I'd like",
        clause="what I'd like for my birthday",
        train_says=(
            "I'd like {v} for my birthday.",
            "I'm hoping that I'll get {v} for my birthday.",
            "The one birthday present I want is {v}.",
            "I've told everyone that I want {v} for my birthday.",
        ),
        test_says=(
            "I've put {v} at the top of my wish list for my birthday.",
            "It would be a dream to be given {v} on my birthday.",
            "My family is chipping in to get me {v} for my birthday.",
        ),
        train_asks=(
            "What do I want for my birthday?",
            "Which birthday present would I like?",
            "What am I hoping to get for my birthday?",
        ),
        practice_asks=(
            "What tops my birthday wish list?",
            "Friends are asking for gift ideas for my big day. What did I wish for?",
            "Which gift would make my birthday perfect?",
        ),
        heldout_asks=(
            "What should be under the wrapping paper on my birthday?",
            "What present would my family be wise to get me this year?",
        ),
    ),
    FactType(
        key="parking",
        pool="number",
        topic="my parking space number",
        clause="which parking space is mine",
        train_says=(
            "My parking space is number {v}.",
            "I was given parking space {v}.",
            "Somebody parked in {v} again, my own space.",
            "I rent parking space {v} in the garage.",
        ),
        test_says=(
            "I always leave my car in space {v}, which is reserved for me.",
            "The parking bay with my name on it is {v}.",
            "They've allotted me bay {v} in the car park.",
        ),
        train_asks=(
            "What's the number of my parking space?",
            "Which parking space is mine?",
            "Where do I park, I mean, in which space?",
        ),
        practice_asks=(
            "Which bay in the car park is reserved for me?",
            "What number is painted on my parking spot?",
            "A friend is fetching my car. In which space is it?",
        ),
        heldout_asks=(
            "In which numbered spot should I leave my car?",
            "What digits mark the place where I park?",
        ),
    ),
)
