"""Questions of chapter 12: predict before you run."""

from course_lib.checker.quiz import Choice, Option

same_noise_fewer_calls = Choice(
    "same_noise_fewer_calls",
    "From ten pieces of noise you draw ten garments with 200 calls of the network and without fresh noise. Then you "
    "start again from the same noise, with 50, 20 and 10 calls. What do you get?",
    options={
        "a": Option(
            "other garments each time, because every step goes another way",
            "Without fresh noise only the start and the network decide. "
            "Would a longer step lead somewhere else, or nearly to the same place?",
        ),
        "b": Option(
            "mostly the same garments; the fewer calls, the more details differ",
            "All of them follow the same paths. Longer steps follow them less closely.",
        ),
        "c": Option(
            "garments with noise left in them: 10 calls cannot remove all of it",
            "The step takes out as much noise as it is told to, however long it is. What does the last step lead to?",
        ),
        "d": Option(
            "no garments: the network knows only steps from t to t - 1",
            "What did the network learn: steps, or what noise is in x_t?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=2,
    importance=5,
    hints=(
        "What is random in this sampler?",
        "The network says at each t which x_0 is behind x_t. Do you need to ask it at every t?",
    ),
)


std_after_ten_steps = Choice(
    "std_after_ten_steps",
    "The data are N(0.5, 0.2²). You know the best possible network exactly. You draw many samples with ten steps, once "
    "with eta = 0 and once with eta = 1. What is their standard deviation?",
    options={
        "a": Option(
            "0.2 for both: the network is perfect",
            "A perfect network knows the mean of x_0 at the beginning of a step. "
            "Is that still the best answer in the middle of the step?",
        ),
        "b": Option(
            "0.2 for eta = 0, and larger for eta = 1 because of the fresh noise",
            "The fresh noise is part of the noise that level t_prev should have, so it does not widen anything. "
            "And are ten long steps exact without it?",
        ),
        "c": Option(
            "too large for both, because ten steps leave noise behind",
            "Each step leaves exactly as much noise as its level has. And where does the x_0 lie that a step is drawn "
            "to, compared with the final samples?",
        ),
        "d": Option(
            "too small for both, and smallest for eta = 1",
            "A long step is drawn for too long to one mean of many possible x_0, and means lie closer together than "
            "data. What fresh noise wipes out has to be decided again.",
        ),
    },
    answer="d",
    points=1,
    minutes=3,
    difficulty=4,
    importance=4,
    hints=(
        "What does the network say at the beginning of the first step, where x_t is only noise?",
        "It says 0.5, the mean of all data. A step that is drawn towards 0.5 for too long makes the samples narrow.",
    ),
)


eight_times_the_steps = Choice(
    "eight_times_the_steps",
    "How far does a sample with few steps lie from where infinitely many steps would lead? You measure this for DDIM "
    "with eta = 0 and the exact network. What happens to this distance with eight times as many steps?",
    options={
        "a": Option(
            "it becomes about an eighth",
            "Each step's error is proportional to the square of its length. Eight times as many steps "
            "make errors that are 64 times smaller each.",
        ),
        "b": Option(
            "it becomes about a 64th",
            "One step's error does. But how many of them add up now?",
        ),
        "c": Option(
            "it stays the same: only the network's errors count",
            "This network makes none. What is left, when all errors come from the steps?",
        ),
        "d": Option(
            "it falls to 0 from some number of steps on",
            "For which number would a path of straight pieces be exactly on a curve?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=3,
    importance=4,
    hints=(
        "A DDIM step follows a straight line where the exact path is a curve.",
        "Over a step of length h the line leaves the curve by about h². How many steps of length h are there?",
    ),
)


heun_with_ten_calls = Choice(
    "heun_with_ten_calls",
    "The error of Heun's method falls with the square of the number of steps, and that of DDIM only with the number of "
    "steps. With 160 calls of the exact network Heun is far ahead. Which is ahead with 10 calls?",
    options={
        "a": Option(
            "Heun: a second-order method is always more exact",
            "The order says how fast the error falls. Does it say how large it is for long steps?",
        ),
        "b": Option(
            "both are equal: 10 calls are 10 calls",
            "They spend them differently. How many steps does Heun take with 10 calls?",
        ),
        "c": Option(
            "DDIM: Heun has only five steps, and its extra term goes wrong when steps are long",
            "An order is a promise for short steps. For five long ones from a huge noise level the correction is "
            "larger than the error that it should correct.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=3,
    importance=4,
    hints=(
        "Two calls a step: how long are Heun's steps, compared with DDIM's?",
        "Heun averages the slopes at both ends. Is the slope at the far end good, if the first guess of that end is "
        "bad?",
    ),
)


spacing_or_order = Choice(
    "spacing_or_order",
    "Ten calls for a garment. You begin with DDIM and evenly spaced t. Which single change brings the garments "
    "closest to those of 200 calls?",
    options={
        "a": Option(
            "the second-order step, with the same t",
            "Second order helps where the steps are short enough for it. "
            "How far does the last step go in log-SNR, with evenly spaced t?",
        ),
        "b": Option(
            "the same step, asked at t that are even in log-SNR",
            "Evenly spaced t leave the whole end, where the details are made, to one step. "
            "The second order then adds to what the spacing has won.",
        ),
        "c": Option(
            "fresh noise in every step (eta = 1)",
            "Fresh noise leads to other garments. And what did it do to the standard deviation of N(0.5, 0.2²)?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=3,
    importance=5,
    hints=(
        "Look at the dots in the last picture: where are the large gaps?",
        "The last step of ten even t leads from t = 19 to clean data. All fine detail is decided in this one jump.",
    ),
)


twice_the_weight = Choice(
    "twice_the_weight",
    "The data lie on a thin spiral. The model blurs it a little, and the guide blurs it a lot. With some weight above "
    "1 the guided samples are as thin as the data. What happens if you double that weight?",
    options={
        "a": Option(
            "they become a broad cloud, like the guide's",
            "The guide's samples come with weight 0. In which direction does a weight above 1 go?",
        ),
        "b": Option(
            "nothing more: thinner than the data is impossible",
            "Nothing in the formula knows the data: it goes on in the same direction. What comes after as thin as the "
            "data?",
        ),
        "c": Option(
            "they become thinner than the data",
            "The formula goes on in the direction from the guide to the model. It does not know where the data lie, "
            "and goes past them.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=5,
    hints=(
        "Weight 0 is the guide, which is very thick, and weight 1 the model, which is thick. Go on.",
        "The formula knows the model and the guide. What in it could stop at the data?",
    ),
)
