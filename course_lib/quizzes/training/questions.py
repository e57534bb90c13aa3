"""Questions of chapter 09: predict before you run."""

from course_lib.checker.quiz import Choice, Option

ema_or_not = Choice(
    "ema_or_not",
    "The learning rate of the run falls to almost 0. You measure the loss on unseen pictures, of the weights and of "
    "their average, all along. Where do you expect the average to be better?",
    options={
        "a": Option(
            "From the first step to the last: an average is calmer than what it averages.",
            "Calmer, yes. But what is in it after the first steps, and how restless are the weights themselves "
            "when the steps have become tiny?",
        ),
        "b": Option(
            "On the way: at first it lags behind, at the end both are the same.",
            "At first it still holds worse weights; later the weights jump around, and it lies in the middle. "
            "A falling rate calms them by itself: only at a constant one would the average stay ahead.",
        ),
        "c": Option(
            "At the end, and there most of all: by then it has seen all the weights.",
            "It forgets: only the last stretch counts. How far apart are the weights of that stretch, "
            "when the steps have become tiny?",
        ),
        "d": Option(
            "At the beginning, when the weights move most.",
            "They move most then, and all in one direction. Where is an average of the last steps, "
            "if every step is better than the one before?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    hints=(
        "An average helps where weights jump to and fro, and hurts where they go one way. When do they do what?",
        "And when do they do neither? Look at the curve of `warmup_decay` again.",
    ),
)


where_does_resume_continue = Choice(
    "where_does_resume_continue",
    "A run with AdamW, a learning rate that falls, and EMA is killed at step 640. The last checkpoint was written at "
    "step 500. What has to be in it, so that the resumed run ends with the same weights as one that was never killed?",
    options={
        "a": Option(
            "The weights, their average, and the state of the optimizer.",
            "All of it is needed. But how does the run know how high the learning rate is, and which batch comes next?",
        ),
        "b": Option(
            "Whatever is in it, the draws of 501 to 640 are lost: it can only go on in a similar way.",
            "These steps have to be taken again, yes. But who says that their random numbers cannot be drawn again: "
            "what makes a generator repeat itself?",
        ),
        "c": Option(
            "The weights of the model: the rest is there again after some steps.",
            "AdamW would begin with empty averages of its gradients, and the learning rate with its warm-up. "
            "Some steps later it is another run: what else has to go on?",
        ),
        "d": Option(
            "All that, and the number of the step, if the draws of a step follow from seed and number.",
            "Then steps 501 to 640 are taken once more, with the same batches, the same t and the same noise. "
            "Nothing else has a memory.",
        ),
    },
    answer="d",
    points=1,
    minutes=3,
    hints=(
        "Go through `train_step` line by line: which things does a step leave behind for the next one?",
        "And what depends on how many steps have been taken? The learning rate, the decay of the average, the batch.",
    ),
)
