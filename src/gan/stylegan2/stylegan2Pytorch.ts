/** NVIDIA's PyTorch pickles: the family's own names; the attributes of the modules beside them. */
import type { ConfigObject, ConfigValue } from "../../checkpoint/stateDict.ts";
import { GeneratorError } from "../errors.ts";
import type { WeightSource } from "../family.ts";
import { LR_MULTIPLIER } from "../mapping.ts";
import { checkSettings, isConfigObject, positiveSetting, type SettingsTable } from "../settings.ts";
import type { StyleGan2Settings, StyleGan2Sizes } from "./stylegan2Spec.ts";

export const styleGan2Pytorch: WeightSource<StyleGan2Sizes, StyleGan2Settings> = {
  name: "NVIDIA PyTorch",
  networks: ["G_ema"],
  markers: ["synthesis.b4.const"],
  rules: () => [
    [/^synthesis\.b\d+\.resample_filter$/, "$&"],
    // Every synthesis layer carries one, whether it resamples or not; those that do have their block's.
    [/\.resample_filter$/, null],
    [/^.*$/, "$&"],
  ],
  settings(modules, sizes) {
    const settings: { clamp: ConfigValue; noise: ConfigValue }[] = [];
    const check = (path: string, table: SettingsTable): ConfigObject => {
      const module = modules[path];
      if (!isConfigObject(module))
        throw new GeneratorError(`StyleGAN2 G_ema: the file has no module ${path || "at the top"}`);
      const known = Object.entries(module).filter(([name]) => Object.hasOwn(table, name));
      checkSettings(`StyleGAN2 G_ema ${path}`.trimEnd(), Object.fromEntries(known), table);
      return module;
    };
    check("", {
      z_dim: [sizes.zDim],
      c_dim: [sizes.cDim],
      w_dim: [sizes.wDim],
      img_resolution: [sizes.resolution],
      img_channels: [sizes.imageChannels],
      num_ws: [sizes.numWs],
    });
    check("mapping", { num_layers: [sizes.mappingLayers] });
    const { bias_gain: gain = LR_MULTIPLIER } = check("mapping.fc0", {});
    for (let i = 0; i < sizes.mappingLayers; i++) check(`mapping.fc${i}`, { activation: ["lrelu"], bias_gain: [gain] });
    if (modules["mapping.embed"] !== undefined) check("mapping.embed", { activation: ["linear"] });
    for (let r = 4; r <= sizes.resolution; r *= 2) {
      const block = `synthesis.b${r}`;
      check(block, { architecture: [sizes.architecture] });
      for (const layer of r > 4 ? ["conv0", "conv1"] : ["conv1"]) {
        const module = check(`${block}.${layer}`, { up: [layer === "conv0" ? 2 : 1], activation: ["lrelu"] });
        settings.push({ clamp: module["conv_clamp"] ?? null, noise: module["use_noise"] ?? true });
      }
      if (sizes.architecture !== "skip" && r < sizes.resolution) continue;
      settings.push({ ...settings[0], clamp: check(`${block}.torgb`, {})["conv_clamp"] ?? null });
    }
    const [{ clamp, noise }] = settings;
    if (settings.some((s) => s.clamp !== clamp || s.noise !== noise) || typeof noise !== "boolean")
      throw new GeneratorError(
        "StyleGAN2 G_ema: expected the same conv_clamp and use_noise in every layer of the file",
      );
    return {
      lrMultiplier: positiveSetting("StyleGAN2 G_ema", { bias_gain: gain }, "bias_gain", LR_MULTIPLIER),
      convClamp: positiveSetting("StyleGAN2 G_ema", { conv_clamp: clamp }, "conv_clamp", null),
      useNoise: noise,
    };
  },
};
