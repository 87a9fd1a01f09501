import { TerraformStack } from "cdktf";
import { LabBackend, LazyContribution, Machine } from "../../../constructs/machine";
import { synth } from "../../support/synth";

/** A machine of a lab, with one address. */
export const box = (stack: TerraformStack): Machine =>
  new Machine(stack, "box", {
    backend: new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] }),
    interfaces: { eth0: ["10.0.0.2/24"] },
  });

/** What synthesizes a program in which one role contributes this to the machine. */
export const contributing = (part: (stack: TerraformStack) => LazyContribution) => () =>
  synth((stack) => {
    box(stack).contribute(stack, part(stack));
  });
