/** The pictures of the documentation that are a program's own topology: file in docs/ to what draws it. */
export const PICTURES: Readonly<Record<string, string>> = {
  "gateways-chain.svg": "apisix-hello",
  "topology-three-machines.svg": "three-machines",
};
