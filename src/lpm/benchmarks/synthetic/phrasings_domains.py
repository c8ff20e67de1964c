"""The preference domains: their noun phrases, habits, scenes and occasions."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import Domain

DOMAINS = (
    Domain(
        key="music",
        thing="kind of music",
        some="some music",
        favourite="my favourite kind of music",
        clause="what kind of music I like best",
        topic="music",
        full="{v}",
        habit="listen to {f}",
        habit_ing="listening to {f}",
        scenes={
            "train": (
                "I'm hosting a party.",
                "The band at my birthday takes one request from me.",
                "I can subscribe to one radio channel for the office.",
            ),
            "practice": (
                "My partner is choosing the sound for our living room.",
                "I've won a festival ticket and must choose a stage.",
                "A street musician offers to play something just for me.",
                "My new car comes with one free music channel.",
            ),
            "heldout": (
                "The dentist lets patients choose what comes out of the speakers.",
                "Somebody wants to surprise me with a record.",
            ),
        },
        occasions={
            "train": ("my drive tonight", "cleaning the flat", "my long train ride"),
            "practice": ("Sunday breakfast", "a rainy evening at home", "painting my bedroom"),
            "heldout": ("a candlelit bath", "my next road trip"),
        },
    ),
    Domain(
        key="cuisine",
        thing="cuisine",
        some="a cuisine",
        favourite="my favourite cuisine",
        clause="which cuisine I like best",
        topic="food",
        full="{v} food",
        habit="eat {f}",
        habit_ing="eating {f}",
        scenes={
            "train": (
                "I'm hosting a dinner for friends.",
                "My team wants to treat me to lunch.",
                "I'm signing up for one cooking course.",
            ),
            "practice": (
                "The caterer at my wedding anniversary needs a decision from me.",
                "A food market has twenty stalls and I have time for one.",
                "My aunt wants to give me a cookbook.",
                "I've got a voucher for any restaurant in town.",
            ),
            "heldout": (
                "A chef has offered to cook for me at home.",
                "The airline lets me order a special meal in advance.",
            ),
        },
        occasions={
            "train": ("my birthday dinner", "tonight's takeaway", "a quick lunch in town"),
            "practice": ("a first date", "Friday night", "a feast with my parents"),
            "heldout": ("a lazy Sunday supper", "my farewell meal"),
        },
    ),
    Domain(
        key="drink",
        thing="drink",
        some="a drink",
        favourite="my favourite drink",
        clause="what I like to drink best",
        topic="drinks",
        full="{v}",
        habit="drink {f}",
        habit_ing="drinking {f}",
        scenes={
            "train": (
                "A colleague is getting a round for everyone.",
                "I'm filling the fridge of my holiday flat.",
                "The neighbours asked what they should have in for me.",
            ),
            "practice": (
                "My host wants to know what to put next to my plate.",
                "The train steward is coming down the aisle.",
                "A friend is packing a picnic for the two of us.",
                "I may take one bottle or flask on the hike.",
            ),
            "heldout": (
                "Someone at the bar wants to treat me.",
                "My hotel room comes with one thing of my choice to sip.",
            ),
        },
        occasions={
            "train": ("this evening", "a break on the terrace", "my lunch with Grandma"),
            "practice": ("an afternoon with a book", "a chat in town", "the end of a long day"),
            "heldout": ("the interval at the theatre", "a quiet hour on my own"),
        },
    ),
    Domain(
        key="exercise",
        thing="way to keep fit",
        some="a workout",
        favourite="my favourite way to keep fit",
        clause="how I like to keep fit",
        topic="keeping fit",
        full="{v}",
        habit="keep fit with {f}",
        habit_ing="keeping fit with {f}",
        scenes={
            "train": (
                "My health insurance pays for one course.",
                "The hotel offers a free class every morning.",
                "My company asks what sports day should include for me.",
            ),
            "practice": (
                "I've got a month's pass for any club in town.",
                "A friend wants to join me for a session.",
                "My new flat is close to every sort of sports hall.",
                "The doctor says I need to move three times a week.",
            ),
            "heldout": (
                "The cruise ship has a long list of sports on offer.",
                "My cousin wants to book us both a taster lesson.",
            ),
        },
        occasions={
            "train": ("Saturday morning", "the hour after work", "my week off"),
            "practice": ("a free evening", "getting back in shape", "tomorrow at noon"),
            "heldout": ("the bank holiday", "shaking off a stressful day"),
        },
    ),
    Domain(
        key="weekend",
        thing="weekend activity",
        some="something to do",
        favourite="my favourite weekend activity",
        clause="how I like to spend my weekends",
        topic="weekends",
        full="{v}",
        habit="spend my weekends {f}",
        habit_ing="spending my weekends {f}",
        scenes={
            "train": (
                "I have two days off and no plans.",
                "My in-laws ask what we could do together in their town.",
                "The community centre lets me sign up for one outing.",
            ),
            "practice": (
                "A pen friend is visiting and wants to share my usual pastime.",
                "I've been given a free Saturday out of the blue.",
                "My club is collecting ideas for our next meeting.",
                "The children will be with their grandparents for two days.",
            ),
            "heldout": (
                "Work has been cancelled until Monday.",
                "A reporter wants to know what makes me happy off duty.",
            ),
        },
        occasions={
            "train": ("this Saturday", "a sunny Sunday", "the long weekend"),
            "practice": ("two free days", "my Sunday off", "an empty Saturday"),
            "heldout": ("the coming bank holiday", "a weekend on my own"),
        },
    ),
    Domain(
        key="film",
        thing="type of film",
        some="a type of film",
        favourite="my favourite type of film",
        clause="what type of film I like best",
        topic="films",
        full="{v} films",
        habit="watch {f}",
        habit_ing="watching {f}",
        scenes={
            "train": (
                "It's my turn to choose at film night.",
                "The plane has hundreds of titles on board.",
                "A friend wants to take me to the cinema.",
            ),
            "practice": (
                "My cousins are letting me decide what we put on.",
                "I've got one voucher left for the open-air screen.",
                "The festival sells day passes by theme.",
                "My streaming service asks new members for a single favourite.",
            ),
            "heldout": (
                "I'm in bed with a cold and the remote is mine.",
                "The library lends out one DVD per visitor.",
            ),
        },
        occasions={
            "train": ("tonight", "a night in with popcorn", "my flight on Monday"),
            "practice": ("a rainy Sunday", "the sofa this evening", "our next film night"),
            "heldout": ("a sleepless night", "an evening in my dressing gown"),
        },
    ),
    Domain(
        key="book",
        thing="kind of book",
        some="something to read",
        favourite="my favourite kind of reading",
        clause="what I like to read best",
        topic="books",
        full="{v}",
        habit="read {f}",
        habit_ing="reading {f}",
        scenes={
            "train": (
                "I've been given a voucher for a bookshop.",
                "My luggage has room for a single paperback.",
                "The library asks which shelf to show me.",
            ),
            "practice": (
                "A bookseller wants to put a parcel together for me.",
                "My sister-in-law is choosing a present for my nightstand.",
                "I'm joining one reading group.",
                "The hospital trolley has a bit of everything.",
            ),
            "heldout": (
                "I'm about to be stranded at an airport for nine hours.",
                "An online shop wants to tailor its newsletter to me.",
            ),
        },
        occasions={
            "train": ("my holiday", "the bus ride home", "bedtime"),
            "practice": ("a weekend by the fire", "the waiting room", "my week at the lake"),
            "heldout": ("a long ferry crossing", "the hammock"),
        },
    ),
    Domain(
        key="holiday",
        thing="kind of holiday",
        some="a kind of holiday",
        favourite="my favourite kind of holiday",
        clause="what kind of holiday I like best",
        topic="holidays",
        full="{v}",
        habit="book {f} for my holidays",
        habit_ing="booking {f} for my holidays",
        scenes={
            "train": (
                "I've won a travel voucher.",
                "My friends want to plan a trip that I'd enjoy.",
                "My partner left the planning for May to me.",
            ),
            "practice": (
                "The travel agent has ten brochures on the desk.",
                "My parents want to give us a trip for our anniversary.",
                "I've got a week of leave left to use up.",
                "A magazine quiz asks for my dream getaway.",
            ),
            "heldout": (
                "My boss is rewarding me with a paid trip of my choice.",
                "Two old school friends are letting me plan our reunion.",
            ),
        },
        occasions={
            "train": ("next summer", "my autumn break", "a week in June"),
            "practice": ("the Easter break", "my fiftieth birthday", "ten days in September"),
            "heldout": ("a getaway in spring", "my first week of retirement"),
        },
    ),
    Domain(
        key="workspace",
        thing="place to work",
        some="a place to work",
        favourite="my favourite place to work",
        clause="where I like to work best",
        topic="places to work",
        full="the {v}",
        habit="do my work in {f}",
        habit_ing="doing my work in {f}",
        scenes={
            "train": (
                "I have a difficult report to finish.",
                "I can have a new desk delivered anywhere.",
                "My next project needs a lot of concentration.",
            ),
            "practice": (
                "A photographer wants to portray me at my desk.",
                "I've got an exam paper to write by Friday.",
                "The electrician asks where I need better lighting for my laptop.",
                "My thesis is due and I need to settle down somewhere.",
            ),
            "heldout": (
                "My laptop is packed and I have four hours of typing ahead.",
                "I'm allowed to furnish a single study corner.",
            ),
        },
        occasions={
            "train": ("tomorrow morning", "my tax return", "a day of writing"),
            "practice": ("a long afternoon of reading", "my job application", "finishing my essay"),
            "heldout": ("three hours of spreadsheets", "the last chapter of my thesis"),
        },
    ),
    Domain(
        key="snack",
        thing="snack",
        some="a snack",
        favourite="my favourite snack",
        clause="what I like to snack on best",
        topic="snacks",
        full="{v}",
        habit="snack on {f}",
        habit_ing="snacking on {f}",
        scenes={
            "train": (
                "A friend is at the supermarket and wants to get me something.",
                "I'm packing a bag for the hike.",
                "The office kitchen is being restocked.",
            ),
            "practice": (
                "My host puts out one bowl per guest.",
                "I've got five minutes before the film starts.",
                "My secret Santa is asking for a hint.",
                "The exam lasts four hours and I may bring a little food.",
            ),
            "heldout": (
                "I'm peckish and the night shop has everything.",
                "My niece wants to fill a party bag just for me.",
            ),
        },
        occasions={
            "train": ("my train ride", "the football match", "this afternoon"),
            "practice": ("an evening on the sofa", "my lunch box", "the long meeting"),
            "heldout": ("a midnight craving", "the queue at the passport office"),
        },
    ),
    Domain(
        key="game",
        thing="game",
        some="a game",
        favourite="my favourite game",
        clause="which game I like best",
        topic="games",
        full="{v}",
        habit="play {f}",
        habit_ing="playing {f}",
        scenes={
            "train": (
                "Friends are coming over and I get to choose what we play.",
                "The youth club wants me to run one evening.",
                "We're stuck indoors because of the storm.",
            ),
            "practice": (
                "A café lends out everything from its shelf.",
                "My nephew wants to learn something that I enjoy.",
                "The cruise has a tournament in just about everything.",
                "I'd like to spend my birthday with a few rounds of fun.",
            ),
            "heldout": (
                "The power is out and there are four of us around a table.",
                "My street is organising a contest and I may set the discipline.",
            ),
        },
        occasions={
            "train": ("tonight with my friends", "a wet afternoon", "my day off"),
            "practice": ("New Year's Eve", "an hour with my uncle", "the holiday flat"),
            "heldout": ("a quiet evening with a friend", "the break between two meetings"),
        },
    ),
)
