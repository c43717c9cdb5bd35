"""SA-Solver keeps the contract of samplers, with and without noise, and has the orders that are claimed."""

import pytest
from noisegraph.testing.samplers import SamplerContract
from noisegraph_sa_solver.adams import moments, weights
from noisegraph_sa_solver.solver import solver


class TestSASolver(SamplerContract):
    sampler = solver()


class TestItsProbabilityFlow(SamplerContract):
    sampler = solver(tau=0.0)
    order = 3
    counts = (320, 640, 1280)  # with fewer steps its error falls faster still


class TestACorrectorOfHigherOrderThanThePredictor(SamplerContract):
    sampler = solver(tau=0.0, predictor=2, corrector=3)
    order = 3


class TestItsPredictorAlone(SamplerContract):
    sampler = solver(tau=0.0, predictor=2, corrector=0)
    order = 2


class TestTheWeightsOfDiffusers(SamplerContract):
    sampler = solver(tau=0.0, predictor=2, corrector=2, reference="diffusers")
    order = 2


class TestLowerOrdersAtTheEnd(SamplerContract):
    sampler = solver(lower_final=True)


class TestALittleNoiseInAWindow(SamplerContract):
    sampler = solver(tau=0.5, sigma_min=0.05, sigma_max=1.0)


@pytest.mark.parametrize("z", [1e-3, 0.5, 1.0, 1.0000001, 4.0, 40.0])
def test_moments_are_the_integrals(z: float) -> None:
    import numpy

    v, weight = numpy.polynomial.legendre.leggauss(60)
    v, weight = (v + 1) / 2, weight / 2
    exact = [float((weight * z * numpy.exp(-z * v) * v**n).sum()) for n in range(4)]
    assert moments(z, 4) == pytest.approx(exact, rel=1e-9)


def test_weights_integrate_polynomials_exactly() -> None:
    found = weights(2.0, 0.3, [0.3, 0.5, 0.9])
    for n in range(3):
        exact = 0.3**n * moments(0.6, 3)[n]
        assert sum(w * u**n for w, u in zip(found, [0.3, 0.5, 0.9], strict=True)) == pytest.approx(exact)
