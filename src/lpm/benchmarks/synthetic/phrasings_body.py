"""Facts about the user's health, dates and sport."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import FactType

BODY_FACTS: tuple[FactType, ...] = (
    FactType(
        key="allergy",
        pool="ingredient",
        topic="the food I'm allergic to",
        clause="which food I'm allergic to",
        train_says=(
            "I'm allergic to {v}.",
            "The test shows that I have an allergy to {v}.",
            "I ended up in hospital once because of {v}, which I'm allergic to.",
            "I have to stay away from {v}, or I come out in hives.",
        ),
        test_says=(
            "My body reacts badly to {v}: it's an allergy.",
            "I carry an emergency pen in case I eat {v}, my one allergy.",
            "With my allergy, even a trace of {v} is dangerous.",
        ),
        train_asks=(
            "What am I allergic to?",
            "Which food allergy do I have?",
            "What gives me hives?",
        ),
        practice_asks=(
            "Which food sets off my allergy?",
            "What should a cook keep off my plate for medical reasons?",
            "Which ingredient is dangerous for me?",
        ),
        heldout_asks=(
            "The waiter asks about allergies. What do I say?",
            "Because of what food might I need a doctor?",
        ),
    ),
    FactType(
        key="doctor",
        pool="doctor",
        topic="the name of my doctor",
        clause="who my doctor is",
        train_says=(
            "My doctor, {v}, wants to see me again.",
            "I have an appointment with my GP, {v}.",
            "{v} has been my doctor for years.",
            "I've registered with a new doctor called {v}.",
        ),
        test_says=(
            "When I'm ill, it's {v} who looks after me.",
            "I'm a patient of {v}.",
            "My family doctor goes by the name of {v}.",
        ),
        train_asks=("Who is my doctor?", "What's my GP's name?", "What's my doctor called?"),
        practice_asks=(
            "Which doctor am I registered with?",
            "Who treats me when I'm ill?",
            "By what name should I ask for my GP at the surgery?",
        ),
        heldout_asks=(
            "I've got a fever. Whose surgery should I ring?",
            "Who usually writes my prescriptions?",
        ),
    ),
    FactType(
        key="gym_day",
        pool="weekday",
        topic="my gym day",
        clause="which day I go to the gym",
        train_says=(
            "I go to the gym every {v} evening.",
            "My gym day is {v}.",
            "Don't plan anything for {v}, because that's when I go to the gym.",
            "I spend {v} evenings at the gym.",
        ),
        test_says=(
            "I've reserved {v} for the gym.",
            "I hit the gym once a week, on {v}.",
            "You'll find me lifting weights at the gym each {v}.",
        ),
        train_asks=(
            "On what day do I go to the gym?",
            "Which day is my gym day?",
            "When do I go to the gym?",
        ),
        practice_asks=(
            "What day of the week am I at the gym?",
            "Which day have I set aside for the gym?",
            "A friend wants to join me at the gym. What day should they come?",
        ),
        heldout_asks=(
            "For which weekday should I pack my gym bag?",
            "When in the week would you find me on the treadmill?",
        ),
    ),
    FactType(
        key="dentist_date",
        pool="date",
        topic="the date of my dentist appointment",
        clause="when my dentist appointment is",
        train_says=(
            "I have a dentist appointment on {v}.",
            "I have to go to the dentist on {v}.",
            "The dentist can see me on {v}.",
            "My check-up at the dentist is on {v}.",
        ),
        test_says=(
            "I'm booked in at the dentist's for {v}.",
            "On {v} the dentist will look at my molars.",
            "The receptionist at the dental practice gave me {v}.",
        ),
        train_asks=(
            "When is my dentist appointment?",
            "On what date do I see the dentist?",
            "What day is my dental check-up?",
        ),
        practice_asks=(
            "Which date did the dentist give me?",
            "When am I due at the dentist's?",
            "By what day do I have to floss, because the dentist awaits me?",
        ),
        heldout_asks=(
            "When will I be sitting in the dentist's chair?",
            "For which day should I ask for time off to get my teeth checked?",
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
)
