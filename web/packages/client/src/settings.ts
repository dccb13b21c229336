import type { Value } from './gen/turms/model_pb.js';
import type { Requester } from './requester.js';

/** What a program keeps for a user, on all of their devices. The operator says which names there may be. */
export type Setting = string | number | bigint | boolean;

/** A part of its own: `new Settings(client)`. */
export class Settings {
  constructor(private readonly client: Requester) {}

  /** Of these names; without any, all. */
  async get(names: string[] = []): Promise<Map<string, Setting>> {
    const answer = await this.client.request({ case: 'queryUserSettingsRequest', value: { names } });
    const out = new Map<string, Setting>();
    const data = answer.data?.kind;
    if (data?.case !== 'userSettings') return out;
    for (const [name, value] of Object.entries(data.value.settings)) {
      const read = fromValue(value);
      if (read !== undefined) out.set(name, read);
    }
    return out;
  }

  async set(settings: Record<string, Setting>): Promise<void> {
    const values = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { kind: toKind(value) }]));
    await this.client.request({ case: 'updateUserSettingsRequest', value: { settings: values } });
  }

  async remove(names: string[]): Promise<void> {
    await this.client.request({ case: 'deleteUserSettingsRequest', value: { names } });
  }
}

function toKind(value: Setting) {
  switch (typeof value) {
    case 'string':
      return { case: 'stringValue' as const, value };
    case 'boolean':
      return { case: 'boolValue' as const, value };
    case 'bigint':
      return { case: 'int64Value' as const, value };
    default:
      return { case: 'doubleValue' as const, value };
  }
}

/** Bytes and lists are none of ours. */
function fromValue({ kind }: Value): Setting | undefined {
  return kind.case === undefined || kind.case === 'bytesValue' ? undefined : kind.value;
}
