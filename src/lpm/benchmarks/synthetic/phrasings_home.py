"""Facts about the user's home, work and numbers."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import FactType

HOME_FACTS: tuple[FactType, ...] = (
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
        train_asks=(
            "What's my locker number?",
            "Which locker is mine?",
            "What number is my locker?",
        ),
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
)
