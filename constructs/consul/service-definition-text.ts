/** A check as the agent's configuration knows it. */
export interface CheckDefinition {
  readonly http?: string;
  readonly tcp?: string;
  readonly interval: string;
  readonly timeout: string;
  readonly failures_before_critical: number;
}

/** A service as the agent's configuration knows it. */
export interface ServiceDefinition {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  readonly checks: readonly CheckDefinition[];
}

/**
 * A file of the agent's configuration folder that registers one service.
 *
 * @see https://developer.hashicorp.com/consul/docs/reference/service
 */
export function renderServiceDefinition({ checks, ...service }: ServiceDefinition): string {
  const named = checks.map((check, index) => ({
    id: `${service.id}-${index + 1}`,
    name: check.http ?? `tcp ${check.tcp ?? ""}`,
    ...check,
  }));
  return `${JSON.stringify({ service: { ...service, checks: named } }, null, 2)}\n`;
}
