"""The multistep, ancestral and stochastic samplers keep the contract of samplers, at the orders known of them."""

from __future__ import annotations

import pytest
from noisegraph.nodes.samplers import ancestral, deis, dpm2, in_time, inversion, langevin, lms, pndm, restart, rk45, sde
from noisegraph.testing.samplers import SamplerContract


@pytest.mark.slow
class TestLMS1(SamplerContract):
    sampler = lms.lms(order=1)
    order = 1


@pytest.mark.slow
class TestLMS2(SamplerContract):
    sampler = lms.lms(order=2)
    order = 2


@pytest.mark.slow
class TestLMS3(SamplerContract):
    sampler = lms.lms(order=3)
    order = 3


class TestLMS4(SamplerContract):
    sampler = lms.lms(order=4)
    order = 4
    counts = (80, 160, 320, 640)


@pytest.mark.slow
class TestDEISInTime1(SamplerContract):
    sampler = deis.deis(order=1)
    order = 2


@pytest.mark.slow
class TestDEISInTime2(SamplerContract):
    sampler = deis.deis(order=2)
    order = 3
    counts = (80, 160, 320, 640)


@pytest.mark.slow
class TestDEISInRho2(SamplerContract):
    sampler = deis.deis(variable="rho", order=2)
    order = 3


@pytest.mark.slow
class TestDEISInLogRho2(SamplerContract):
    sampler = deis.deis(variable="log_rho", order=2)
    order = 3


@pytest.mark.slow
class TestDEISInLogRho3(SamplerContract):
    """The lower orders that it begins with decide about the order in the end, which is between 3 and 4."""

    sampler = deis.deis(variable="log_rho", order=3)


@pytest.mark.slow
class TestDEISRungeKutta2(SamplerContract):
    sampler = deis.deis_rk(order=2)
    order = 2
    evaluations = 2


@pytest.mark.slow
class TestDEISRungeKutta3(SamplerContract):
    sampler = deis.deis_rk(order=3)
    order = 3
    evaluations = 3


@pytest.mark.slow
class TestDEISRungeKutta4(SamplerContract):
    sampler = deis.deis_rk(order=4)
    order = 4
    evaluations = 4


class TestPNDM(SamplerContract):
    sampler = pndm.pndm()
    evaluations = 4


@pytest.mark.slow
class TestPLMS(SamplerContract):
    sampler = pndm.plms()
    evaluations = 2


@pytest.mark.slow
class TestIPNDM(SamplerContract):
    sampler = pndm.ipndm()


@pytest.mark.slow
class TestDPM2(SamplerContract):
    sampler = dpm2.dpm2()
    order = 2
    evaluations = 2


@pytest.mark.slow
class TestDPM2WithChurn(SamplerContract):
    sampler = dpm2.dpm2(churn=10.0)
    evaluations = 2


@pytest.mark.slow
class TestEulerAncestral(SamplerContract):
    sampler = ancestral.euler_ancestral()


@pytest.mark.slow
class TestDPM2Ancestral(SamplerContract):
    sampler = ancestral.dpm2_ancestral()
    evaluations = 2


class TestDPMSolverPlusPlus2SAncestral(SamplerContract):
    sampler = ancestral.dpmpp_2s_ancestral()
    evaluations = 2


@pytest.mark.slow
class TestDPMSolverPlusPlus2SAncestralWithoutNoise(SamplerContract):
    sampler = ancestral.dpmpp_2s_ancestral(eta=0.0)
    order = 2
    evaluations = 2


class TestInversionAskingThere(SamplerContract):
    sampler = inversion.ddim_inversion()
    order = 1


@pytest.mark.slow
class TestInversionAskingHere(SamplerContract):
    sampler = inversion.ddim_inversion(ask="here")
    order = 1


@pytest.mark.slow
class TestReverseDiffusion(SamplerContract):
    sampler = sde.reverse_diffusion()


class TestEulerMaruyama(SamplerContract):
    sampler = sde.euler_maruyama()


class TestPredictorCorrector(SamplerContract):
    sampler = sde.predictor_corrector()
    evaluations = 2


@pytest.mark.slow
class TestAnnealedLangevin(SamplerContract):
    sampler = langevin.annealed_langevin()
    evaluations = 5


class TestRestart(SamplerContract):
    sampler = restart.restart()
    evaluations = 2 + 2 * 4 * 2


@pytest.mark.slow
class TestRK45(SamplerContract):
    sampler = rk45.rk45()
    evaluations = 1000
    couples = True
    waits = True


@pytest.mark.slow
class TestEulerInTime(SamplerContract):
    sampler = in_time.euler_in_time()
    order = 1


class TestHeunInTime(SamplerContract):
    sampler = in_time.heun_in_time()
    order = 2
    evaluations = 2


@pytest.mark.slow
class TestMidpointInTime(SamplerContract):
    sampler = in_time.heun_in_time(alpha=0.5)
    order = 2
    evaluations = 2


@pytest.mark.slow
class TestFON(SamplerContract):
    sampler = in_time.fon()
    evaluations = 4
