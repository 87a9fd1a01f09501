/**
 * Whether a container image can be had, so that a program may do without what needs it. `vipstack up` finds out; whoever calls
 * `cdktf` has said nothing, and then it can.
 */
export function canHaveImage(name: string): boolean {
  return !(process.env.VIPSTACK_WITHOUT_IMAGES ?? "").split(" ").includes(name);
}
