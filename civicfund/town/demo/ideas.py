"""What the residents of Marrowmere would like: projects for a made-up town.

Each is (title, one sentence, category, neighborhood, cost lines in whole euros).
"""

from __future__ import annotations

from typing import NamedTuple


class Idea(NamedTuple):
    """A project to be."""

    title: str
    summary: str
    category: str
    place: str
    costs: tuple[tuple[str, int], ...]


IDEAS = (
    Idea("Benches along Lantern Quay", "Twelve benches with backs and armrests, one every eighty steps, so that everyone can walk the whole quay.", "streets", "Lantern Quay", (("Twelve oak benches", 10_800), ("Foundations and fitting", 5_400))),
    Idea("A lift for the quay steps", "The only way down to the ferry is forty steps. A small outdoor lift lets wheels and prams catch it too.", "streets", "Lantern Quay", (("Lift and shaft", 68_000), ("Electricity and lighting", 12_500), ("First two years of upkeep", 7_500))),
    Idea("Night lights on the ferry path", "Low, warm lamps with motion sensors on the unlit half-mile between the ferry and the first houses.", "streets", "Lantern Quay", (("Twenty-two lamps", 17_600), ("Cable and trench", 14_400))),
    Idea("Net-mending workshop in the old store", "Turn the empty net store into a workshop where the last three net-menders teach on Saturdays.", "culture", "Netmakers", (("Roof and damp", 21_000), ("Benches and tools", 6_500), ("Ramp and door", 4_900))),
    Idea("Shade trees for Hawser Street", "Nineteen street trees on the side without any, with open soil around each so that they live.", "green", "Netmakers", (("Trees, stakes, guards", 9_500), ("Opening the pavement", 19_000))),
    Idea("A water tap at the ball court", "One drinking tap, low enough for children and dogs, where the summer games are.", "play", "Netmakers", (("Tap and drain", 3_900), ("Connection", 2_700))),
    Idea("Boardwalk through the saltmarsh", "Three hundred metres of raised walk so that people can see the marsh and the marsh can stay a marsh.", "green", "Saltmarsh", (("Recycled boards and posts", 46_000), ("Building by volunteers and two carpenters", 22_000), ("Signs made with the school", 2_800))),
    Idea("Bird hide made of driftwood", "A small hide with a low window for children and a bench for the patient.", "green", "Saltmarsh", (("Timber and roof", 5_200), ("Path and steps", 2_300))),
    Idea("Flood marks and a tide bell", "Painted marks at ten corners and a bell that rings an hour before a spring tide.", "climate", "Saltmarsh", (("Bell and sensor", 7_900), ("Ten enamel marks", 1_600))),
    Idea("Wind-proof bus shelter at Gullpoint", "The stop at the point has a pole and weather. It needs three walls and a seat.", "streets", "Gullpoint", (("Shelter", 11_500), ("Ground work", 4_300))),
    Idea("Sea-swimming steps and rail", "A handrail and four wide steps at the place where people already climb in.", "play", "Gullpoint", (("Steps", 18_700), ("Rail and ring", 4_100))),
    Idea("Repair shed with a tool library", "Borrow a drill, fix a kettle, meet a neighbor: open two evenings a week.", "care", "Gullpoint", (("Shed conversion", 13_200), ("Tools for the first year", 6_800))),
    Idea("Make the mill wheel turn again", "The wheel has stood since the nineties. Turning, it would light the mill square.", "climate", "Old Mill", (("Wheel and bearings", 54_000), ("Generator and lamps", 23_500), ("Fish ladder", 16_000))),
    Idea("Playground for all children at Mill Green", "Swings with backs, a ramped tower, a quiet corner: chosen together with families who now stay away.", "play", "Old Mill", (("Play equipment", 61_000), ("Soft ground", 24_000), ("Planting and fence", 9_800))),
    Idea("Warm room on weekdays", "The mill hall open, heated and staffed from ten to four from November to March.", "care", "Old Mill", (("Staff hours", 15_600), ("Heating", 4_200), ("Tea", 1_200))),
    Idea("Safe crossing at Market Cross", "A raised crossing and a middle island where four streets and two schools meet.", "streets", "Market Cross", (("Raised table", 38_000), ("Island and signs", 16_500), ("Drainage", 9_400))),
    Idea("Market roof for rainy Saturdays", "Six sails over the stalls, put up in spring and taken down in autumn.", "culture", "Market Cross", (("Sails and masts", 33_000), ("Footings", 12_000))),
    Idea("Public toilet that is open", "One accessible, staffed-hours toilet with a changing table for adults.", "care", "Market Cross", (("Conversion of the kiosk", 41_000), ("Changing place", 14_000), ("Two years of cleaning", 18_000))),
    Idea("A free little concert every month", "Twelve Sunday concerts on the steps by people who live here.", "culture", "Market Cross", (("Sound", 3_600), ("Honoraria", 7_200))),
    Idea("Bicycle street on Tanners Row", "Cars as guests, crossings first for bicycles, forty stands by the station.", "streets", "Tanners Row", (("Paint, signs, humps", 27_500), ("Forty stands", 8_800))),
    Idea("Rain gardens instead of puddles", "Six planted basins that drink the water which now runs into cellars.", "climate", "Tanners Row", (("Six basins", 39_000), ("Plants and first care", 7_400))),
    Idea("After-school kitchen", "Cook together, eat together, do homework: four days a week in the old canteen.", "care", "Tanners Row", (("Kitchen to standard", 17_300), ("Food and staff for a year", 19_900))),
    Idea("Brickfields skate bowl", "The young people drew it, the engineer checked it: one bowl, one street line.", "play", "Brickfields", (("Concrete bowl", 72_000), ("Drain and lamps", 11_600))),
    Idea("Solar roof for the sports hall", "Two hundred and ten modules; the sun pays the hall's light and the showers.", "climate", "Brickfields", (("Modules and inverters", 63_000), ("Scaffold and fitting", 19_500))),
    Idea("Clay heritage walk", "Eleven enamel plates from pit to kiln, written with the last brickmakers' families.", "culture", "Brickfields", (("Plates", 5_500), ("Research and design", 4_600))),
    Idea("Meadow instead of lawn", "Four hectares cut twice a year instead of twelve times; paths stay short.", "green", "Brickfields", (("Seed and sowing", 6_200), ("Scythe course and signs", 1_900))),
    Idea("Orchard for everyone", "Sixty old fruit trees along the upper path, free to pick.", "green", "Upper Orchard", (("Sixty trees", 7_200), ("Planting days", 2_100), ("Deer guards", 3_300))),
    Idea("Cider press for the neighborhood", "One good press in the fire station's barn, lent by the day.", "care", "Upper Orchard", (("Press and mill", 4_800), ("Floor and drain", 3_100))),
    Idea("Footpath without the mud", "Four hundred metres of bound gravel between the school and the upper houses.", "streets", "Upper Orchard", (("Path", 31_000), ("Drain", 6_500))),
    Idea("Story garden beside the library", "Reading seats, a low stage, a hedge maze one cannot get lost in.", "culture", "Lower Orchard", (("Garden works", 16_800), ("Seats and stage", 8_700))),
    Idea("Toy and pram library", "Lend what is outgrown: two hundred toys and ten prams in the parish room.", "care", "Lower Orchard", (("Shelves and stock", 5_600), ("Cleaning and repair", 2_200))),
    Idea("Slow street for the nursery", "Planters and a gate that closes from eight to nine and from three to four.", "streets", "Lower Orchard", (("Planters and gate", 9_900), ("Signs", 1_400))),
    Idea("Signal tower open to the public", "Stairs made safe, a rail on top, a volunteer with a key on Sundays.", "culture", "Signal Hill", (("Stairs and rail", 28_400), ("Lightning and lamps", 5_200))),
    Idea("Sledging slope with a straw wall", "The hill is there, the children are there, the road at the bottom is the problem.", "play", "Signal Hill", (("Earth bank", 8_300), ("Straw and net store", 1_700))),
    Idea("Mini forest behind the garages", "Six hundred native saplings, three to a square metre, planted on one Saturday.", "climate", "Fennel Rise", (("Soil and saplings", 8_900), ("Fence for three years", 3_700))),
    Idea("Fennel Rise meeting room", "The ground-floor shop that has stood empty becomes a room with chairs, light and a key box.", "care", "Fennel Rise", (("Renovation", 26_500), ("Chairs, tables, kitchen", 7_800), ("Rent for a year", 9_600))),
)  # fmt: skip
