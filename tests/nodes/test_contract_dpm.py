"""DPM-Solver, DPM-Solver++ and UniPC keep the contract of samplers, at the orders that they are known to have."""

from __future__ import annotations

import pytest
from noisegraph.nodes.samplers import dpm_adaptive, dpm_fast, dpm_multistep, dpm_singlestep, dpmpp, dpmpp_sde, unipc
from noisegraph.testing.samplers import SamplerContract


@pytest.mark.slow
class TestSinglestep1(SamplerContract):
    sampler = dpm_singlestep.dpm_singlestep(order=1)
    order = 1


@pytest.mark.slow
class TestSinglestep2OnNoise(SamplerContract):
    sampler = dpm_singlestep.dpm_singlestep(order=2, prediction="eps", solver="heun")
    order = 2
    evaluations = 2


@pytest.mark.slow
class TestSinglestep3(SamplerContract):
    sampler = dpm_singlestep.dpm_singlestep(order=3)
    order = 3
    evaluations = 3


@pytest.mark.slow
class TestSinglestep3OnNoise(SamplerContract):
    sampler = dpm_singlestep.dpm_singlestep(order=3, prediction="eps", solver="heun")
    order = 3
    evaluations = 3


@pytest.mark.slow
class TestSinglestepAncestral(SamplerContract):
    sampler = dpm_singlestep.dpm_singlestep(order=3, eta=1.0)
    evaluations = 3


@pytest.mark.slow
class TestFast2(SamplerContract):
    sampler = dpm_fast.dpm_fast(order=2)
    order = 2


@pytest.mark.slow
class TestFast3(SamplerContract):
    sampler = dpm_fast.dpm_fast(order=3)


class TestFastWithNoise(SamplerContract):
    sampler = dpm_fast.dpm_fast(order=2, eta=1.0)


@pytest.mark.slow
class TestAdaptive12(SamplerContract):
    sampler = dpm_adaptive.dpm_adaptive(order=2)
    evaluations = 2
    couples = True
    waits = True
    few = 100


class TestAdaptive23OnNoise(SamplerContract):
    sampler = dpm_adaptive.dpm_adaptive(order=3, prediction="eps")
    evaluations = 3
    couples = True
    waits = True
    few = 100


@pytest.mark.slow
class TestMultistep1(SamplerContract):
    sampler = dpm_multistep.dpm_multistep(order=1)
    order = 1


@pytest.mark.slow
class TestMultistep2OnNoise(SamplerContract):
    sampler = dpm_multistep.dpm_multistep(order=2, prediction="eps")
    order = 2


@pytest.mark.slow
class TestMultistep3OnNoise(SamplerContract):
    sampler = dpm_multistep.dpm_multistep(order=3, prediction="eps")
    order = 3


@pytest.mark.slow
class TestMultistep3AsDiffusersHasIt(SamplerContract):
    sampler = dpm_multistep.dpm_multistep(order=3, reference="diffusers")
    order = 2


@pytest.mark.slow
class TestMultistep2OnNoiseWithNoise(SamplerContract):
    sampler = dpm_multistep.dpm_multistep(order=2, prediction="eps", eta=1.0)


@pytest.mark.slow
class TestPlusPlus2S(SamplerContract):
    sampler = dpmpp.dpmpp_2s()
    order = 2
    evaluations = 2


@pytest.mark.slow
class TestPlusPlus2MHeun(SamplerContract):
    sampler = dpmpp.dpmpp_2m(solver="heun")
    order = 2


class TestPlusPlus3M(SamplerContract):
    sampler = dpmpp.dpmpp_3m()
    order = 3


class TestPlusPlus2MSDE(SamplerContract):
    sampler = dpmpp.dpmpp_2m_sde()


@pytest.mark.slow
class TestPlusPlus3MSDE(SamplerContract):
    sampler = dpmpp.dpmpp_3m_sde()


@pytest.mark.slow
class TestPlusPlus3MSDEWithoutNoise(SamplerContract):
    sampler = dpmpp.dpmpp_3m_sde(eta=0.0)
    order = 3


class TestPlusPlusSDE(SamplerContract):
    sampler = dpmpp_sde.dpmpp_sde()
    evaluations = 2


@pytest.mark.slow
class TestUniPC1(SamplerContract):
    sampler = unipc.unipc(order=1)
    order = 2


@pytest.mark.slow
class TestUniPC2(SamplerContract):
    sampler = unipc.unipc(order=2)
    order = 3


class TestUniPC3(SamplerContract):
    sampler = unipc.unipc(order=3)
    order = 4


@pytest.mark.slow
class TestUniPC3VaryingOnNoise(SamplerContract):
    sampler = unipc.unipc(order=3, variant="vary_coeff", prediction="eps")
    order = 4
    counts = (160, 320, 640)


@pytest.mark.slow
class TestUniPC2Varying(SamplerContract):
    sampler = unipc.unipc(order=2, variant="vary_coeff")
    order = 3


@pytest.mark.slow
class TestUniPC2WithoutCorrector(SamplerContract):
    sampler = unipc.unipc(order=2, uncorrected=100_000)
    order = 2
