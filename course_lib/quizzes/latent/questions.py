"""Questions of chapter 15: predict before you run."""

from course_lib.checker.quiz import Choice, Option

small_decoder_std = Choice(
    "small_decoder_std",
    "You train the autoencoder twice. `decoder_std` is the error per pixel that counts as normal: 0.1 the first time, "
    "1 the second. All else is the same. What is different the second time?",
    options={
        "a": Option(
            "the KL is smaller, and the decoded images are blurred",
            "Each squared error now costs a hundredth of what it did, and the KL costs the same. Details are not worth "
            "their nats any more, so many latents stay close to the prior and say little.",
        ),
        "b": Option(
            "the KL is smaller, and the decoded images are as sharp as before",
            "A smaller KL means that the latents say less about the image. Where would the details come from?",
        ),
        "c": Option(
            "the KL is larger, and the decoded images are sharper",
            "A pixel may now be wrong by 1 and count as normal. Does the decoder have to be more exact, or less?",
        ),
        "d": Option(
            "only the reported loss changes, by a constant",
            "The constant log(decoder_std) does change, but the squared error is divided by decoder_std² as well. "
            "What is it weighed against?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=3,
    importance=5,
    hints=(
        "The squared error is divided by 2 decoder_std². How much cheaper does an error become?",
        "The KL is what the latents pay for saying something about the image. When is a detail worth this price?",
    ),
)


unscaled_latents = Choice(
    "unscaled_latents",
    "The latents of some autoencoder have the standard deviation 5. They were multiplied by 0.2, and a diffusion model "
    "has learned them well. You draw latents with it and give them to the decoder as they are. What do you see?",
    options={
        "a": Option(
            "the same images as with the scale undone: a factor does not change what a latent says",
            "The decoder has learned what latents of size 5 stand for. Which size do these have?",
        ),
        "b": Option(
            "noise: the sampler has gone wrong",
            "The sampler does not know of the decoder, and its latents are right. What happens to them afterwards?",
        ),
        "c": Option(
            "good images, but all of one kind",
            "The drawn latents still differ from each other in all directions. What has changed is their size.",
        ),
        "d": Option(
            "images with wrong contrast and wrong shapes, although the diffusion model is right",
            "The latents are five times smaller than those that the decoder knows. Divide by the scale first.",
        ),
    },
    answer="d",
    points=1,
    minutes=2,
    difficulty=2,
    importance=5,
    hints=(
        "Which standard deviation do the drawn latents have, and which one did the decoder see in training?",
        "The diffusion model and the decoder are both right. What is between them?",
    ),
)


equal_minutes = Choice(
    "equal_minutes",
    "Coloured textures of 64 x 64. Two networks get the same time of one processor core for training: one learns the "
    "pixels, the other the latents (its time includes that of the autoencoder). Which one draws the better textures?",
    options={
        "a": Option(
            "the one of pixels: it can draw every detail, and nothing was thrown away",
            "It could, if it had the time: one step among 64 x 64 pixels takes many times the work of one among 16 x "
            "16 latents. How many steps fit into the same minutes?",
        ),
        "b": Option(
            "the one of latents: it takes many more steps in the same time",
            "A step takes a fraction of the work, so it has learned for far longer when the time is over. What the "
            "autoencoder loses does not matter yet.",
        ),
        "c": Option(
            "neither: the same time gives the same quality",
            "Quality comes from steps, not from minutes. Do both take as many steps a minute?",
        ),
        "d": Option(
            "the one of pixels: the other's time goes into the autoencoder",
            "The autoencoder has no attention and few layers at full size. It was ready after a third of the time.",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=(
        "You have just counted the work of a call for both. What does this say about the work of a training step?",
        "How many steps does each of them take in the same time?",
    ),
)
