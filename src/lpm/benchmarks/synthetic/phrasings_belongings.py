"""Facts about what the user owns and wants."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import FactType

BELONGING_FACTS: tuple[FactType, ...] = (
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
        train_asks=(
            "What car do I drive?",
            "Which car do I own?",
            "What make and model is my car?",
        ),
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
        train_asks=(
            "What breed is my dog?",
            "What kind of dog do I have?",
            "Which breed do I own?",
        ),
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
        key="collection",
        pool="collectible",
        topic="the focus of my collection",
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
        train_asks=(
            "What's my shoe size?",
            "Which size of shoe do I wear?",
            "What size are my feet?",
        ),
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
)
