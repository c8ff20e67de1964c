"""Facts about the user's daily life: work, home, health, belongings and numbers."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import FactType

DAILY_FACTS = (
    FactType(
        key="my_employer",
        pool="employer",
        topic="the company I work for",
        clause="which company I work for",
        train_says=(
            "I work for {v}.",
            "I just signed a contract with {v}.",
            "My employer, {v}, is moving us all to a new building.",
            "It's my third year at {v} and I still enjoy it.",
            "{v} has been paying my salary since March.",
        ),
        test_says=(
            "I've been on the staff of {v} for a while now.",
            "My days are spent in the offices of {v}, which employs me.",
            "I landed a position at {v} not long ago.",
        ),
        train_asks=(
            "Who do I work for?",
            "What's the name of my employer?",
            "Which firm do I work at?",
        ),
        practice_asks=(
            "Which business pays my salary?",
            "What company am I employed by?",
            "Where do I go to work, I mean, for which company?",
        ),
        heldout_asks=(
            "Whose logo would be on my office badge?",
            "If I wrote my CV today, which current employer would it list?",
        ),
    ),
    FactType(
        key="my_job",
        pool="job",
        short="{a} {v}",
        topic="my profession",
        clause="what I do for a living",
        train_says=(
            "I work as {a} {v}.",
            "I'm {a} {v}, and the hours are long.",
            "My job as {a} {v} takes me all over the county.",
            "I've been {a} {v} for six years now.",
        ),
        test_says=(
            "I make my living as {a} {v}.",
            "Being {a} {v} by trade, I have sore feet every evening.",
            "I trained for years to become {a} {v}, and now I am one.",
        ),
        train_asks=("What's my job?", "What do I do for a living?", "What do I work as?"),
        practice_asks=(
            "What is my occupation?",
            "In which profession do I earn my money?",
            "What line of work am I in?",
        ),
        heldout_asks=(
            "What would my business card say below my name?",
            "If a stranger asked what I do all day at work, how should I reply?",
        ),
    ),
    FactType(
        key="my_city",
        pool="city",
        topic="the city I live in",
        clause="which city I live in now",
        train_says=(
            "I live in {v} now.",
            "I moved to {v} this year and I'm still unpacking.",
            "I've found a flat in {v} at last.",
            "It rained all week here in {v}, where I live.",
        ),
        test_says=(
            "I've settled down in {v}.",
            "My home is in {v} these days.",
            "I couldn't be happier that I relocated to {v}.",
        ),
        train_asks=("Where do I live?", "Which city do I live in?", "What city is my home in?"),
        practice_asks=(
            "In what town is my flat?",
            "What place do I currently call home?",
            "Which city is part of my address?",
        ),
        heldout_asks=(
            "Where would a visitor have to travel to ring my doorbell?",
            "I'm looking for a local plumber. For which city should I search?",
        ),
    ),
    FactType(
        key="my_street",
        pool="street",
        topic="the street I live on",
        clause="which street I live on",
        train_says=(
            "I live on {v}.",
            "They're digging up {v} again, right outside my flat.",
            "I've rented a place on {v}.",
            "My house is the green one on {v}.",
        ),
        test_says=(
            "My front door opens onto {v}.",
            "There's a lot of noise on {v}, the street where I live.",
            "My new address is on {v}.",
        ),
        train_asks=(
            "What street do I live on?",
            "What's the name of my street?",
            "On which street is my home?",
        ),
        practice_asks=(
            "Which street is my house on?",
            "I'm ordering a taxi to my home. To what street?",
            "What road would I give as my address?",
        ),
        heldout_asks=(
            "What does the sign at the corner by my house say?",
            "Where exactly should the courier drop my parcel, street-wise?",
        ),
    ),
    FactType(
        key="my_flat_number",
        pool="number",
        topic="my flat number",
        clause="which flat number I have",
        train_says=(
            "My flat is number {v}.",
            "I live in flat {v}, right under the roof.",
            "The postman never finds flat {v}, which is mine.",
            "I got the keys to flat {v} yesterday, so I'm moving in.",
        ),
        test_says=(
            "There's a brass {v} on the door of my flat.",
            "The number of my flat is {v}.",
            "I've just moved into flat {v}.",
        ),
        train_asks=(
            "What's the number of my flat?",
            "Which flat do I live in?",
            "What number is my flat?",
        ),
        practice_asks=(
            "Which number is written on my flat door?",
            "What do I put down as flat number in my address?",
            "A guest is downstairs. Which flat should they ring?",
        ),
        heldout_asks=(
            "Behind the door with which number do I live?",
            "What digits lead the courier to my flat?",
        ),
    ),
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
        train_asks=("What am I allergic to?", "Which food allergy do I have?", "What gives me hives?"),
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
        key="car",
        pool="car",
        topic="the model of my car",
        clause="which car I drive",
        train_says=(
            "I drive {a} {v}.",
            "I've bought a second-hand {v}.",
            "My {v} needs new tyres.",
            "I left the keys in my {v} this morning.",
        ),
        test_says=(
            "I get to work in {a} {v}.",
            "There's {a} {v} in my garage, and I love it.",
            "I traded my old banger in for {a} {v}.",
        ),
        train_asks=("What car do I drive?", "Which car do I own?", "What make and model is my car?"),
        practice_asks=(
            "What kind of car have I got?",
            "Which vehicle is parked in my garage?",
            "What am I at the wheel of when I drive to work?",
        ),
        heldout_asks=(
            "The insurer asks about my car. Which model do I put down?",
            "For what car would I need spare parts?",
        ),
        short="{a} {v}",
    ),
    FactType(
        key="phone",
        pool="phone",
        topic="the model of my phone",
        clause="which phone I have",
        train_says=(
            "My new phone is {a} {v}.",
            "I dropped my {v} and now the screen is cracked.",
            "I've switched to {a} {v}.",
            "I'm typing this on my {v}.",
        ),
        test_says=(
            "I treated myself to {a} {v} when my old phone died.",
            "The phone in my pocket is {a} {v}.",
            "I make all my calls on {a} {v}.",
        ),
        train_asks=("What phone do I have?", "Which phone do I use?", "What model is my phone?"),
        practice_asks=(
            "What mobile do I own?",
            "I need a case that fits my phone. For which model?",
            "Which handset do I carry around?",
        ),
        heldout_asks=(
            "The repair shop wants to know what device I make calls with. Which is it?",
            "On what mobile would I read your messages?",
        ),
        short="{a} {v}",
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
        clause="on which day I go to the gym",
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
        key="shoe_size",
        pool="shoe_size",
        topic="my shoe size",
        clause="what size of shoe I wear",
        train_says=(
            "I take a size {v} in shoes.",
            "My shoe size is {v}.",
            "I couldn't find any boots in size {v}, which is what I wear.",
            "I wear a {v}, so buying shoes is never easy.",
        ),
        test_says=(
            "My feet need a size {v} shoe.",
            "When I buy trainers, I ask for a {v}.",
            "Shoes only fit me in size {v}.",
        ),
        train_asks=("What's my shoe size?", "Which size of shoe do I wear?", "What size are my feet?"),
        practice_asks=(
            "I'm ordering boots for myself. In what size?",
            "What size do I take in footwear?",
            "Which size should I ask for at the shoe shop?",
        ),
        heldout_asks=(
            "What number is stamped on the soles of my trainers?",
            "The bowling alley is lending me a pair. What size do I need?",
        ),
    ),
    FactType(
        key="rent",
        pool="price",
        topic="my monthly rent",
        clause="how much rent I pay",
        train_says=(
            "My rent is {v} a month.",
            "I pay {v} in rent every month.",
            "The landlord put my rent up to {v}.",
            "It costs me {v} a month to rent this flat.",
        ),
        test_says=(
            "My landlord receives {v} from me every month.",
            "I hand over {v} in rent on the first of each month.",
            "Rent takes {v} out of my pay packet every month.",
        ),
        train_asks=("How much is my rent?", "What do I pay in rent?", "How high is my rent?"),
        practice_asks=(
            "What does my flat cost me each month?",
            "How much do I transfer to my landlord every month?",
            "What sum goes to my landlord?",
        ),
        heldout_asks=(
            "I'm drawing up my budget. What goes in the line for rent?",
            "What amount keeps a roof over my head each month?",
        ),
    ),
    FactType(
        key="locker",
        pool="number",
        topic="my locker number",
        clause="which locker I have",
        train_says=(
            "My locker at the pool is number {v}.",
            "I was given locker {v}.",
            "I keep my things in locker {v}.",
            "I lost the key to locker {v}, where I keep my towel.",
        ),
        test_says=(
            "My towel and shampoo are in locker {v}.",
            "I've been assigned locker number {v}.",
            "The locker that I rent has the number {v}.",
        ),
        train_asks=("What's my locker number?", "Which locker is mine?", "What number is my locker?"),
        practice_asks=(
            "Which locker do my things belong in?",
            "In what locker do I keep my stuff?",
            "I'm standing in the changing room. Which locker do I open?",
        ),
        heldout_asks=(
            "My locker key has a number on it. Which one?",
            "Behind which little metal door is my towel?",
        ),
    ),
    FactType(
        key="bike_lock",
        pool="code",
        topic="the code of my bike lock",
        clause="which code opens my bike lock",
        train_says=(
            "The code of my bike lock is {v}.",
            "I set my bike lock to {v}.",
            "To open my bike lock you dial {v}.",
            "I changed the combination of my bike lock to {v}.",
        ),
        test_says=(
            "My bicycle lock springs open at {v}.",
            "The four digits for my bike lock are {v}.",
            "I chose {v} as the combination for locking up my bike.",
        ),
        train_asks=(
            "What's the code of my bike lock?",
            "How do I open my bike lock?",
            "What is my bike lock set to?",
        ),
        practice_asks=(
            "What combination does my bike lock have?",
            "I'm standing by my bike. Which digits unlock it?",
            "Which four numbers do I dial on my bicycle lock?",
        ),
        heldout_asks=(
            "How would a friend who borrows my bicycle get it unlocked?",
            "What must the little wheels on my bike lock show?",
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
        key="flight",
        pool="flight",
        topic="my flight number",
        clause="which flight I'm on",
        train_says=(
            "I'm booked on flight {v}.",
            "My flight number is {v}.",
            "I'm flying on {v} next month.",
            "The airline moved me to flight {v}.",
        ),
        test_says=(
            "My boarding pass says {v}.",
            "I hold a ticket for {v}, the early flight.",
            "The plane I'm taking is flight {v}.",
        ),
        train_asks=("What's my flight number?", "Which flight am I on?", "What flight did I book?"),
        practice_asks=(
            "What number does my flight have?",
            "Which flight should I look for on the departures board?",
            "With what flight am I leaving?",
        ),
        heldout_asks=(
            "What does my boarding pass have printed next to 'flight'?",
            "My driver wants to track my plane. What code does she enter?",
        ),
    ),
    FactType(
        key="savings",
        pool="savings",
        topic="the thing I'm saving up for",
        clause="what I'm saving up for",
        train_says=(
            "I'm saving up for {v}.",
            "Every month I put a little aside for {v}.",
            "I've nearly saved enough for {v}.",
            "I'm skipping restaurants so that I can afford {v}.",
        ),
        test_says=(
            "My piggy bank is filling up: it's all for {v}.",
            "I'm setting money aside to buy {v}.",
            "One day I'll have enough in the bank for {v}.",
        ),
        train_asks=(
            "What am I saving up for?",
            "What am I putting money aside for?",
            "What do I want to buy with my savings?",
        ),
        practice_asks=(
            "What will my savings go towards?",
            "Which purchase am I scrimping for?",
            "Why is there so little left of my pay? What am I hoping to buy?",
        ),
        heldout_asks=(
            "When my piggy bank is full, what will I get?",
            "What's the big purchase that I have my eye on?",
        ),
    ),
    FactType(
        key="cat_name",
        pool="pet_name",
        topic="the name of my cat",
        clause="what my cat is called",
        train_says=(
            "My cat {v} is asleep on the keyboard.",
            "I have a cat called {v}.",
            "I had to take {v}, my cat, to the vet.",
            "I got a kitten and named it {v}.",
        ),
        test_says=(
            "{v}, my cat, has caught a mouse.",
            "I share my flat with a cat that goes by {v}.",
            "The cat I adopted answers to {v}.",
        ),
        train_asks=("What's my cat's name?", "What is my cat called?", "How did I name my cat?"),
        practice_asks=(
            "Which name did I choose for my cat?",
            "What do I shout when I call my cat in?",
            "I'm filling the cat's bowl. Whose name is written on it?",
        ),
        heldout_asks=(
            "Who is it that purrs on my lap?",
            "The vet is calling my cat in. Which name do we hear?",
        ),
    ),
    FactType(
        key="dog_breed",
        pool="dog_breed",
        topic="the breed of my dog",
        clause="what breed my dog is",
        train_says=(
            "My dog is {a} {v}.",
            "I've adopted {a} {v} from the shelter.",
            "I walk my {v} before work.",
            "I grew up with cats, but now I own {a} {v}.",
        ),
        test_says=(
            "The dog I keep is {a} {v}.",
            "My flat is ruled by {a} {v}.",
            "I've become the proud owner of {a} {v}.",
        ),
        train_asks=("What breed is my dog?", "What kind of dog do I have?", "Which breed do I own?"),
        practice_asks=(
            "What sort of dog have I got?",
            "Someone asked about my dog's breed. What do I say?",
            "To which breed does my dog belong?",
        ),
        heldout_asks=(
            "What would my dog's pedigree papers say?",
            "If I described my dog to a breeder, what would I call it?",
        ),
        short="{a} {v}",
    ),
)
