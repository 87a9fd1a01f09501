/** A service that Consul knows the instances of. */
export interface ConsulService {
  /** Its name in Consul. */
  readonly name: string;
  /** The label of its port. @default - it has none */
  readonly port?: string;
  /** How long its check takes to notice that an instance is gone, in seconds. */
  readonly lag: number;
}
