"""Cities, streets, employers and clubs; the train and test pools share none."""

from __future__ import annotations

CITIES_TRAIN = """
Aarhus, Aberdeen, Accra, Adelaide, Agadir,
Aix-en-Provence, Albuquerque, Aleppo, Alicante, Almaty, Amsterdam, Antwerp, Arequipa, Asheville,
Austin, Avignon, Bamberg, Bangalore, Barcelona, Bari, Basel, Beirut, Belfast, Bergen, Bilbao,
Boise, Bologna, Bordeaux, Boston, Bratislava, Bremen, Brisbane, Bristol, Brno, Bruges, Buenos
Aires, Buffalo, Burlington, Bursa, Busan, Calgary, Canterbury, Cape Town, Cardiff, Cartagena,
Casablanca, Catania, Chengdu, Chiang Mai, Chicago, Christchurch, Cincinnati, Cluj, Cologne,
Cordoba, Coventry, Cusco, Dakar, Dallas, Darwin, Debrecen, Denver, Detroit, Dresden, Dubrovnik,
Dundee, Dunedin, Durban, Edmonton, Eindhoven, Erfurt, Essen, Exeter, Fez, Frankfurt, Freiburg,
Fukuoka, Galway, Gdansk, Geneva, Ghent, Glasgow, Gothenburg, Granada, Graz, Grenoble, Guadalajara,
Haarlem, Haifa, Halifax, Hamburg, Hanover, Havana, Heidelberg, Hiroshima, Hobart, Houston,
Innsbruck, Inverness, Istanbul, Izmir, Jaipur, Kanazawa, Karachi, Kaunas, Kiruna, Kobe, Kolkata,
Krakow, Kyoto, La Paz, Lagos, Las Palmas, Lausanne, Leeds, Leipzig, Liege, Lille, Limerick, Linz,
Lisbon, Liverpool, Ljubljana, Lodz, Lucerne, Lyon, Malaga, Malmo, Manchester, Marrakesh,
Marseille, Medellin, Melbourne, Memphis, Milwaukee, Mombasa, Montpellier, Montreal, Mumbai,
Munich, Naples, Nashville, Newcastle, Nice, Nottingham, Nuremberg, Oaxaca, Odessa, Osaka, Ostrava,
Palermo, Perth, Philadelphia, Pittsburgh, Plovdiv, Plymouth, Portland, Porto, Poznan, Quebec,
Rennes, Rosario, Rotterdam, Salamanca, Salzburg, San Antonio, Sapporo, Sarajevo, Seattle, Seville,
Sheffield, Shiraz, Stavanger, Stuttgart, Sydney, Tampere, Tartu, Tbilisi, Thessaloniki, Toledo,
Toronto, Toulouse, Trieste, Tromso, Turin, Uppsala, Utrecht, Valencia, Valparaiso, Vancouver,
Verona, Wroclaw, York, Zagreb, Zaragoza, Zurich
"""

CITIES_TEST = """
Aachen, Anchorage, Angers, Bath, Bendigo, Besancon, Bydgoszcz, Cadiz, Cebu, Chattanooga, Coimbra,
Cork, Derry, Dortmund, Ferrara, Girona, Groningen, Gyor, Hull, Ipswich, Jena, Kochi, Kosice,
Leiden, Lucca, Maastricht, Mendoza, Mysore, Nagasaki, Norwich, Omaha, Oulu, Padua, Pamplona, Pecs,
Penang, Reims, Rostock, Sacramento, Santander, Savannah, Spokane, Sucre, Szeged, Tainan, Tijuana,
Trondheim, Tucson, Ulm, Winnipeg
"""

STREETS_TRAIN = """
Acacia, Alder, Almond, Ashgrove, Badger, Bakery, Barley, Beacon, Beech, Bellflower, Birchwood,
Blacksmith, Bluebell, Brewery, Briar, Bridge, Brook, Buttercup, Candle, Canal, Cedar, Chapel,
Cherry, Copper, Cottage, Cowslip, Cromwell, Cypress, Dairy, Dove, Elm, Falcon, Ferry, Foundry, Fox
Hill, Garrison, Granite, Harbour, Hawthorn, Heather, Heron, Hickory, Hollybush, Ironmonger, Ivy,
Jubilee, Kestrel, Kiln, Larkspur, Laurel, Lighthouse, Linden, Lower Mill, Maple, Market, Meadow,
Millstone, Monument, Myrtle, Oakfield, Old Quarry, Orchard, Otter, Park, Pear Tree, Poplar,
Primrose, Quay, Railway, Rosemary, Rowan, Saddler, School, Skylark, Sparrow, Station, Sycamore,
Thistle, Tower, Vineyard, Walnut, Weaver, Willow, Windmill, Woodpecker
"""

STREETS_TEST = """
Amber, Apothecary, Bramley, Carillon, Chandler, Citadel, Cobbler, Dandelion, Elderberry, Fennel,
Gasworks, Goldfinch, Hazel, Juniper Hill, Kingfisher, Lavender, Mulberry, Nightingale,
Observatory, Pilgrim, Quince, Rope Walk, Tannery, Upper Wharf, Wisteria
"""

STREET_KINDS = ("Street", "Lane", "Road", "Avenue", "Close")

EMPLOYERS_TRAIN = """
Amberley, Arcadia, Ashdown, Atlas, Bluestone, Borealis, Brightwater, Caldera, Carrow, Castlegate,
Cobalt, Cornerstone, Crestline, Delphi, Eastgate, Emberfield, Everdale, Fairhaven, Ferncroft,
Firebird, Glenmore, Greyfriars, Halcyon, Harrow, Helix, Highmoor, Ironbridge, Kelso, Kingsway,
Lakeshore, Lumen, Marlowe, Meridian, Moonraker, Northwind, Oakhurst, Obsidian, Orion, Pinecrest,
Polaris, Quarrybank, Redwood, Riverbend, Rookery, Silverline, Stonehaven, Summit, Thornbury,
Trident, Vantage, Westbrook, Zenith
"""

EMPLOYERS_TEST = """
Albatross, Bellwether, Cinderford, Driftwood, Elmswell, Foxglove, Gossamer, Hollowell, Inkwell,
Jadebrook, Kittiwake, Longmeadow, Millrace, Nimbus, Pennyroyal, Quillon, Saltmarsh, Tidewater,
Umberton, Wychwood
"""

EMPLOYER_KINDS_TRAIN = (
    "Logistics",
    "Analytics",
    "Insurance",
    "Engineering",
    "Foods",
    "Pharma",
    "Robotics",
    "Shipping",
    "Energy",
    "Publishing",
    "Architects",
    "Software",
)

EMPLOYER_KINDS_TEST = ("Biotech", "Interiors", "Aviation", "Consulting", "Ceramics", "Media")

DESTINATIONS_TRAIN = """
Argentina, Armenia, Belize, Bhutan, Bolivia, Borneo, Botswana, Cambodia, Cape Verde, Chile, Corfu,
Corsica, Costa Rica, Crete, Croatia, Cuba, Ecuador, Estonia, Ethiopia, Fiji, Georgia, Greenland,
Guatemala, Iceland, Jordan, Kenya, Laos, Latvia, Madagascar, Malta, Mauritius, Mongolia,
Montenegro, Namibia, Nepal, New Zealand, Oman, Panama, Rwanda, Samoa, Sardinia, Slovenia, Sri
Lanka, Tanzania, Tasmania, Tunisia, Uruguay, Uzbekistan, Vietnam, Zanzibar
"""

DESTINATIONS_TEST = """
Albania, Andorra, Azerbaijan, Bermuda, Colombia, Gotland, Hokkaido, Kyrgyzstan, Lapland, Menorca,
Patagonia, Reunion, Senegal, Svalbard, Tonga, Zambia
"""
