"""Questions of chapter 13: predict before you run."""

from course_lib.checker.quiz import Choice, Option

larger_weights = Choice(
    "larger_weights",
    "The same ten pieces of noise become one garment of each class, again and again. Each time the label counts more: "
    "with weight 0 not at all, with weight 1 as in training, then with weights 2, 4 and 8. What do you get?",
    options={
        "a": Option(
            "from weight 1 on always the same garments, because the label is obeyed already",
            "The prediction goes on moving in the label's direction. Does the formula stop anywhere?",
        ),
        "b": Option(
            "garments closer and closer to photographs, with all their shades of grey",
            "The direction is that of the label. Does a label say anything about folds, prints and shades?",
        ),
        "c": Option(
            "first any garments, then those of the classes, then bright ones with hard contrast",
            "With weight 0 the label is not heard. The more it counts, the more typical of its class a garment "
            "becomes, and what the label does not ask for is lost.",
        ),
        "d": Option(
            "noise from weight 2 on: the network was trained for weight 1",
            "Both predictions come from the trained network, and the step is taken along their difference. Is this "
            "difference large at every noise level?",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=5,
    hints=(
        "With weight 0 the network does not hear the label. What does it draw then?",
        "Above 1 every prediction is moved from 'any garment' towards 'this class' and beyond. Which garments are "
        "farthest from 'any garment'?",
    ),
)


where_samples_end = Choice(
    "where_samples_end",
    "The class is N(1, 1), everything is N(0, 2), the weight is 3, and the network is exact. At the end, without "
    "noise, the guided score is that of N(1.5, 0.5). You draw many samples with many small steps. How are they "
    "distributed?",
    options={
        "a": Option(
            "as N(1.5, 0.5): the score at the end belongs to this density",
            "A path goes through all noise levels, and a sample is where the whole path has led. Is the guided score "
            "at high noise that of N(1.5, 0.5) plus noise?",
        ),
        "b": Option(
            "farther from 0 and narrower than N(1.5, 0.5)",
            "At high noise the guided score points to about 3. The path follows it there, and the low noise levels are "
            "too short to bring it back.",
        ),
        "c": Option(
            "as N(1, 1): guidance only makes sure that the class is right",
            "With weight 1 they are. In which direction does weight 3 move the prediction, at every step?",
        ),
        "d": Option(
            "between N(1, 1) and N(1.5, 0.5): the steps start far from the data, and guidance comes late",
            "Guidance acts at every step, also at the first. Where does the guided score point at high noise?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=4,
    importance=4,
    hints=(
        "At noise level s the class is N(1, 1 + s²) and everything is N(0, 2 + s²). To which point does the guided "
        "score pull there?",
        "It pulls to (6 + 3s²) / (4 + s²). Put in a large s, and s = 0.",
    ),
)


which_noise = Choice(
    "which_noise",
    "Weight 5 pushed the points to the tips of the arms and beyond. Now you guide with weight 5 at a part of the noise "
    "levels only, and with weight 1 elsewhere. Which part alone does most of the damage?",
    options={
        "a": Option(
            "high noise, sigma above 1, where the arms are not yet to be seen",
            "There the two predicted clean points differ most, and what is decided there is where on the arm a point "
            "will end.",
        ),
        "b": Option(
            "medium noise, sigma from 0.2 to 1, where a point finds its arm",
            "There guidance keeps points away from the other arms. How far does it still move those that are in their "
            "arm already?",
        ),
        "c": Option(
            "low noise, sigma below 0.2, where the last details come",
            "By then a point is inside one arm. How much do the clean points predicted with and without the label "
            "differ there?",
        ),
        "d": Option(
            "all three do the same: it is the same weight",
            "The weight is the same, but it multiplies a difference. At which noise do the predicted clean points "
            "differ much?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=3,
    importance=5,
    hints=(
        "Look at the picture with the trousers again: where do the rows differ, and where are they alike?",
        "In the calculation with N(1, 1), the score pointed to 3 at high noise and to 1.5 at low noise. Which of the "
        "two led the samples too far?",
    ),
)


away_from_shirts = Choice(
    "away_from_shirts",
    "You want T-shirts, and they should not look like shirts. c is the prediction with the label T-shirt, n the one "
    "with the label Shirt, and u the one with the null class. Which formula says this, with w = 3?",
    options={
        "a": Option(
            "n + w (c - n)",
            "It is the known formula with n in the place of u: it starts at the shirt and goes to the T-shirt and "
            "beyond.",
        ),
        "b": Option(
            "c + w (n - c)",
            "Which class do you get for w = 1, and in which direction do you go with w = 3?",
        ),
        "c": Option(
            "c - w n",
            "A prediction of noise has about the size of the noise. What size has this one, if n is equal to c, for "
            "example?",
        ),
        "d": Option(
            "u + w (n - u)",
            "Where in it is the T-shirt?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=(
        "Guidance pushes away from u. What should it push away from now?",
        "With w = 1 the right formula gives c, with w = 0 it gives n.",
    ),
)


half_and_half = Choice(
    "half_and_half",
    "At every step you ask the network twice, for a sneaker and for an ankle boot, and take the mean of its two "
    "predictions. What do you get at the end?",
    options={
        "a": Option(
            "both pictures on top of each other, each half transparent",
            "You mixed predictions at each step, and both were made for the same x_t. Would a network ever predict "
            "that a transparent shoe is clean?",
        ),
        "b": Option(
            "a sneaker or a boot, as if you had tossed a coin",
            "Nothing here is random after the start. Which of the two would the mean prefer at high noise, where the "
            "height is decided?",
        ),
        "c": Option(
            "one shoe of medium height, which has something of both",
            "At high noise the mean of both outlines is something between them, and afterwards both predictions are "
            "made for a picture that already looks so.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=3,
    hints=(
        "The two predictions are not two pictures: both are made for the same x_t.",
        "What does the next x_t look like, and what will the network say of it with each of the two labels?",
    ),
)


who_judges = Choice(
    "who_judges",
    "You steer garments with the gradient of the first judge, with weight 4. Then you ask how many of them have the "
    "class that they should have. The first judge says: about 7 of 10. The second and the third judge were trained on "
    "the same photographs and name 91 and 93 of 100 rightly, the first one 95. What do they say?",
    options={
        "a": Option(
            "about 7 of 10, too: a trouser is a trouser",
            "These pictures were changed, step by step, in the direction that the first judge rewards. Does it reward "
            "only trousers?",
        ),
        "b": Option(
            "clearly fewer",
            "A gradient finds whatever raises the first judge's score, also spots that mean nothing to other judges.",
        ),
        "c": Option(
            "clearly more: they do not depend on the noisy steps",
            "No judge looks at noisy images here. Which judge has had an influence on the pictures?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=3,
    importance=5,
    hints=(
        "What exactly does the gradient make larger?",
        "There are many ways to raise a classifier's score. Some of them are spots that no person would call trousers.",
    ),
)


what_weight_costs = Choice(
    "what_weight_costs",
    "Now 2,048 garments for each weight, before the three judges of chapter 11. Precision is the share of samples that "
    "look like real photographs, recall the share of real photographs that some sample looks like. What happens as "
    "the weight grows from 1 to 5?",
    options={
        "a": Option(
            "both rise: better garments are better in every way",
            "The garments became alike. How many different photographs do they still look like?",
        ),
        "b": Option(
            "recall falls; precision first rises",
            "Guided garments are more typical, so more of them look like some photograph, but fewer kinds of "
            "photographs have a sample that looks like them.",
        ),
        "c": Option(
            "both fall from the beginning: the samples leave the data",
            "They do with large weights. But what about those samples at weight 1 that look like nothing at all?",
        ),
        "d": Option(
            "precision falls; recall rises",
            "Which of the two asks for variety?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=2,
    importance=5,
    hints=(
        "One of the two measures fidelity, the other variety. Which is which?",
        "Points at the tips of the arms: are they near data? And is all of the data near some of them?",
    ),
)
