"""Names of people and pets; the train and test pools share none."""

from __future__ import annotations

FEMALE_TRAIN = """
Abigail Adaeze Agnieszka Aiko Alma Amara
Amelie Anjali Annika Astrid Aurelia Ayesha Beatriz Bettina Bronwyn Camille Carmen Cecilia Chiara
Chloe Clementine Cordelia Dagmar Daphne Deborah Delia Dorothea Edith Eilidh Elena Elodie Emiko
Esperanza Eunice Farah Fatima Felicity Fiona Freya Gabriela Geraldine Giulia Greta Gudrun
Gwendolyn Hana Harriet Hedwig Helga Henrietta Hilda Imogen Indira Ingrid Isolde Ivana Jacinta
Jasmine Jelena Josephine Juliana Kamala Katarina Keiko Kirsten Lakshmi Laura Leila Leonie Ludmila
Magdalena Maeve Margot Mariana Matilda Mei Mercedes Mia Mireille Nadia Nalini Nia Niamh Noor
Odette Olga Ophelia Paloma Penelope Petra Philippa Priya Ramona Renata Rosalind Roxana Ruth Sabine
Saoirse Selma Shanthi Sigrid Simone Solveig Tabitha Tamara Tatiana Thandiwe Ursula Valentina
Veronika Wanda Winifred Xiomara Yasmin Yuki Zainab Zuzana
"""

MALE_TRAIN = """
Aaron Abdul Adrian Ahmed Alasdair Alejandro Anders Andrei Anselm Antoine Arjun Arvid Augustin
Balthazar Bartosz Benedict Bernard Bjorn Bogdan Brendan Casper Cedric Chidi Clarence Conrad Cormac
Cyril Damian Darius Declan Desmond Dieter Dimitri Dominic Edmund Eduardo Emeka Emil Enrico Erik
Ezekiel Fabian Farid Felix Fergus Finlay Florian Francisco Frederik Gareth Gaston Gavin Gideon
Giorgos Gregor Guido Gunnar Gustav Hamish Hans Hector Henrik Hiroshi Horace Hugo Ibrahim Ignacio
Igor Ivor Jarek Jerome Joaquin Johannes Kaspar Kenji Klaus Kofi Lachlan Lars Laurent Leopold
Lorenzo Lucian Magnus Malcolm Marcel Mateo Matthias Miguel Mikhail Milan Mohammed Nikhil Nils
Octavio Olaf Omar Oscar Osman Pascal Patrick Pavel Piotr Quentin Rafael Rajesh Ramon Reginald
Roderick Roland Rupert Sanjay Sebastian Silas Stefan Sven Takeshi Tariq Theodore Tobias Umberto
Vikram Vladimir Walter Wojciech Yusuf Zoltan
"""

FEMALE_TEST = """
Adelheid Akosua Anouk Birgit Blanca Calliope Celeste Despina Dilys Elspeth Esme Faye Ginevra
Hyacinth Iolanthe Ioana Jocasta Kalina Khadija Linnea Lucinda Marisol Morwenna Nerys Oksana
Olympia Perpetua Ragnhild Rhiannon Seraphina Svetlana Tallulah Umeko Violeta Wilhelmina Yewande
"""

MALE_TEST = """
Alistair Ambrose Barnaby Caspian Cuthbert Dragan Efrain Eoin Evander Fyodor Gethin Gonzalo Hjalmar
Ichiro Ismael Jago Jiro Kwame Leif Leander Montague Naveen Obadiah Orlando Peregrine Raoul Rohan
Sandor Seamus Thelonius Torsten Ulrich Vaclav Wendell Xavier Zebedee
"""

SURNAMES_TRAIN = """
Abernathy Adeyemi Albrecht Almeida Anderssen Aoki Arkwright Bakshi Baptiste Beaumont Bergstrom
Blackwood Brannigan Calloway Castellano Chakrabarti Chaudhry Cunningham Dabrowski Delacroix
Donnelly Drummond Eriksen Espinoza Fairweather Falkner Ferreira Fitzgerald Fontaine Gallagher
Gupta Haddad Halloran Hargreaves Hashimoto Hollingsworth Iyer Jankowski Kapoor Kavanagh Kowalczyk
Lindqvist Lombardi Macready Marchetti McAllister Mbeki Moreau Nakamura Novak Obuya Okonkwo Olawale
Papadakis Pemberton Quintero Ramaswamy Rosenthal Sandoval Schneider Takahashi Thibault Underwood
Vasquez Villanueva Wainwright Whitlock Winterbourne Yamamoto Zielinski
"""

SURNAMES_TEST = """
Achterberg Bielski Bramwell Cavendish Dunleavy Ekwueme Farquhar Grimaldi Hathaway Ishikawa
Jorgensen Kettleborough Lachance Montefiore Ngata Oduya Petrescu Ravenscroft Sokolov Tillinghast
Vandermeer Wolstenholme
"""

PETS_TRAIN = """
Acorn Bandit Banjo Barney Biscuit Blossom Boots Bramble Bruno Bubbles Button Caramel Chestnut
Chewie Cinders Clover Cobweb Comet Crumpet Dash Dizzy Domino Dumpling Echo Fidget Figaro Flapjack
Fudge Gizmo Goblin Gumbo Haggis Hazelnut Hiccup Inky Jellybean Juniper Kipper Licorice Lucky
Marmalade Marzipan Mittens Mocha Monty Muffin Mustard Nacho Nibbles Noodle Nugget Nutmeg Oreo
Paprika Parsnip Patches Peanut Pepper Pesto Pickle Pippin Pistachio Pretzel Pudding
Pumpkin Quaver Radish Raisin Rascal Ripple Rocket Rolo Rusty Scamp Scout Shadow Smudge Sparky
Sprout Teasel Tiger Tinker Toffee Truffle Turnip Twiglet Waffle Whisper Wombat Ziggy
"""

PETS_TEST = """
Barnacle Bonbon Bumble Cashew Chutney Cricket Doodle Falafel Gherkin Gravy Kebab Kimchi Maraca
Moth Mudpie Olive Pebble Pierogi Pogo Quiche Saffron Sesame Snorkel Strudel Tadpole Wasabi Zephyr
"""
