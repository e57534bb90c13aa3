"""More mistakes for `optimal_denoiser_of_dataset`: squares multiplied out, precedence, and where a softmax runs."""

from course_lib.quizzes.sampling_optimum import alpha_bar_of, blend, optimal_denoiser_of_dataset, squared_distance


def multiplied_out(x_t, t, dataset, schedule, product=2, power=2):
    """Exponents (B, N) from 2 s x·y - s² |y|², where s is the signal; the factor and the power of s in y's own term."""
    ab = alpha_bar_of(t, schedule)
    signal, images = ab.sqrt(), dataset.flatten(1)
    own = 0 if power is None else signal**power * images.square().sum(dim=1)
    return (product * signal * (x_t.flatten(1) @ images.T) - own) / (2 * (1 - ab))


@optimal_denoiser_of_dataset.mistake(
    "Only the product of x_t and image is left of the square. Which of the other two terms differs from image to image?"
)
def own_square_left_out(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, power=None).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The images are scaled where they meet x_t, and not in their own square. What is |s y|², if s is a number?"
)
def own_square_not_scaled(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, power=0).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "In their own square the images are scaled with s instead of s². What is |s y|², if s is a number?"
)
def own_square_scaled_once(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, power=1).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake("The product of x_t and image comes once. How does (a - b)² multiply out?")
def product_once(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, product=1).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake("The product of x_t and image has the wrong sign. How does (a - b)² multiply out?")
def product_with_the_wrong_sign(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, product=-2).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The distance is halved, then multiplied by the variance: `a / 2 * b` is (a / 2) * b. Where are brackets missing?"
)
def multiplied_by_the_variance(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab.sqrt()) / 2 * (1 - ab)).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The squared distance is doubled where the formula halves it, so the weights are much too sharp. "
    "On which side of the fraction does the 2 stand?"
)
def multiplied_by_two(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-2 * squared_distance(x_t, dataset, ab.sqrt()) / (1 - ab)).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "Each pixel weighs the images for itself, as if x_0 could take every pixel from another image. "
    "Over what does |.|² sum?"
)
def each_pixel_by_itself(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)[:, None]
    images = dataset.flatten(1)
    distance = (x_t.flatten(1)[:, None] - ab.sqrt() * images).square()
    return ((-distance / (2 * (1 - ab))).softmax(dim=1) * images).sum(dim=1).reshape(x_t.shape)


@optimal_denoiser_of_dataset.mistake(
    "One maximum is subtracted for the whole batch, so a row that is far from all images still gets 0 / 0. "
    "Whose maximum does a row need?"
)
def one_maximum_for_all(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    exponent = -squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))
    density = (exponent - exponent.max()).exp()
    return blend(density / density.sum(dim=1, keepdim=True), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "A small number below the fraction hides that `exp` gave 0 for every image: the result is black there. "
    "What subtracts the largest exponent first?"
)
def saved_by_a_small_number(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    density = (-squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))).exp()
    return blend(density / (density.sum(dim=1, keepdim=True) + 1e-8), x_t, dataset)
