"""Questions of chapter 09: predict before you run."""

from course_lib.checker.quiz import Choice, Option

loss_at_the_start = Choice(
    "loss_at_the_start",
    "A new network has not learned anything: its answers are small numbers near 0. It is asked for noise, which is "
    "drawn from N(0, 1). About how large is the mean squared error of its first batch?",
    options={
        "a": Option(
            "About 0: small answers make small errors.",
            "The error is the difference from the true noise. How far is 0 from a number that is drawn from N(0, 1)?",
        ),
        "b": Option(
            "About 0.5.",
            "If the answer is 0, the squared error is the noise squared. What is the mean of that?",
        ),
        "c": Option(
            "About 1.",
            "The squared error is about the noise squared, and that has mean 1, the variance. "
            "Remember the 1: a loss that stays there says that nothing is learned.",
        ),
        "d": Option(
            "Much larger than 1: its weights are random.",
            "Random weights, but small answers: the network starts near 0. How large is the noise itself?",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=(
        "The error of one pixel is (noise - answer) squared. Set the answer to 0.",
        "What is the variance of N(0, 1)?",
    ),
)


one_t_for_all = Choice(
    "one_t_for_all",
    "You draw one t for the whole batch instead of one for each picture, with a new t in every step. You look at the "
    "losses of many batches, all of the same network. What changes?",
    options={
        "a": Option(
            "Their mean stays; from batch to batch they differ much more.",
            "Over many batches every t comes as often as before, so the mean is the same. But one batch now measures "
            "one noise level, and an easy level has a far smaller loss than a hard one.",
        ),
        "b": Option(
            "Nothing: every t comes as often as before.",
            "That is true of the mean over many batches. What does a single batch measure, and do all levels have the "
            "same loss?",
        ),
        "c": Option(
            "They differ less from batch to batch: all pictures of a batch are equally noisy.",
            "Inside of a batch, yes. But the next batch has another level: how alike are the losses of two levels?",
        ),
        "d": Option(
            "Their mean is higher: the network sees fewer noise levels.",
            "The network is the same, and over many batches it sees all levels as often. What about single batches?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=2,
    importance=3,
    hints=(
        "A loss of a batch is an average. Over how many noise levels does it go, before and after the change?",
        "Is the loss the same at all noise levels? Chapter 05 drew it over t.",
    ),
)


ema_or_not = Choice(
    "ema_or_not",
    "Your run had a learning rate that falls to almost 0. During the run the loop measured the loss on unseen pictures "
    "twice: with the weights, and with their average. Where was the average better?",
    options={
        "a": Option(
            "From the first step to the last: an average is calmer than what it averages.",
            "It is calmer. But what is in it after the first steps, and how much do the weights still move "
            "when the steps have become tiny?",
        ),
        "b": Option(
            "In the middle: at first it is behind, at the end both are the same.",
            "At first the average still holds worse weights, and later it lies between the jumps of the weights. "
            "At the end the learning rate is so small that the weights are calm by themselves.",
        ),
        "c": Option(
            "At the end, and there most of all: by then it has seen all weights.",
            "It forgets old weights, so only the last part of the run counts. How far apart are the weights there, "
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
    difficulty=3,
    importance=3,
    hints=(
        "An average helps where weights jump to and fro, and hurts where they go one way. When do they do what?",
        "And when do they do neither? Look at the curve of `warmup_decay` again.",
    ),
)


where_does_resume_continue = Choice(
    "where_does_resume_continue",
    "A run with AdamW, a falling learning rate and EMA is killed at step 640. Its last checkpoint is from step 500. "
    "What has to be in it, so that the resumed run ends with the same weights as a run that was never killed?",
    options={
        "a": Option(
            "The weights, their average, and the state of the optimizer.",
            "All of them are needed. But how does the run know how high the learning rate is, and which batch is next?",
        ),
        "b": Option(
            "That is impossible: the random numbers of steps 501 to 640 are lost.",
            "These steps have to be taken again, that is true. But what makes a generator give the same numbers again?",
        ),
        "c": Option(
            "The weights of the model. The rest is there again after some steps.",
            "AdamW would begin with empty averages of its gradients, and the learning rate with its warm-up. "
            "After some steps the weights are others: what else has to go on?",
        ),
        "d": Option(
            "All that `a` lists and the number of the step, if a step's draws follow from the seed and that number.",
            "Steps 501 to 640 are then taken again, with the same batches, the same t and the same noise. "
            "Nothing else in a step has a memory.",
        ),
    },
    answer="d",
    points=1,
    minutes=3,
    difficulty=3,
    importance=4,
    hints=(
        "Go through `train_loop` line by line: what does one step leave behind for the next one?",
        "And what depends on how many steps have been taken? The learning rate, the decay of the average, the batch.",
    ),
)


small_in_the_loss = Choice(
    "small_in_the_loss",
    "Five minutes into the long run the loss is 0.083, three and a half hours later it is 0.063: a quarter less. How "
    "did the distance between samples and real garments change in that time?",
    options={
        "a": Option(
            "It fell by about a quarter, too: samples are as good as the loss.",
            "The loss averages over all noise levels. On which levels do straps, laces and edges depend, and how much "
            "of the average are these?",
        ),
        "b": Option(
            "It hardly changed: a quarter of the loss is too little to see.",
            "A sample is made in 200 steps, and small errors add up. What does a little less error in each do?",
        ),
        "c": Option(
            "It fell to less than a tenth.",
            "A part of the loss is noise that no network can predict, and it stays. What is left to learn is small in "
            "the loss and large to the eye.",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    difficulty=3,
    importance=4,
    hints=(
        "A perfect network has a loss above 0: some noise cannot be predicted. Compare what is above that.",
        "Think of your own samples: how different did they look while the loss was below 0.2 already?",
    ),
)


same_minutes = Choice(
    "same_minutes",
    "Two recipes train for six minutes each, on one core. The classic one has a larger network (3 million parameters), "
    "a linear schedule and a constant learning rate; ours has 0.8 million parameters. Whose samples are closer to real "
    "garments?",
    options={
        "a": Option(
            "Ours, by far.",
            "Ours takes six times as many steps in that time, its learning rate falls, and its weights are averaged. "
            "One run of each cannot say which of the three matters most.",
        ),
        "b": Option(
            "The classic one: a larger network learns more from each picture.",
            "Perhaps from each picture. How many pictures does it see in six minutes, if a step costs more?",
        ),
        "c": Option(
            "About equal: both minimise the same loss on the same pictures.",
            "They would meet after days. How many steps does each take in six minutes?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=2,
    importance=2,
    hints=("Time is limited here, not steps. What does one step cost each of them?",),
)
