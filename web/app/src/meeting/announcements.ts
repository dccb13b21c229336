/** What of a person is worth being told when it changes. */
export interface Noticed {
  identity: string;
  isLocal: boolean;
  isSharing: boolean;
  hasHandRaised: boolean;
}

export interface Change {
  kind: 'joined' | 'left' | 'shares' | 'stoppedSharing' | 'raisedHand';
  identities: string[];
}

/** What happened between two moments. What somebody does and undoes in between did not happen. */
export function changesBetween(before: readonly Noticed[], after: readonly Noticed[]): Change[] {
  const was = new Map(before.map((person) => [person.identity, person]));
  const is = new Map(after.map((person) => [person.identity, person]));
  const others = after.filter(({ isLocal }) => !isLocal);
  const of = (people: readonly Noticed[]) => people.map(({ identity }) => identity);
  const changes: Change[] = [
    { kind: 'joined', identities: of(others.filter(({ identity }) => !was.has(identity))) },
    { kind: 'left', identities: of(before.filter(({ identity, isLocal }) => !isLocal && !is.has(identity))) },
    { kind: 'shares', identities: of(others.filter(({ identity, isSharing }) => isSharing && !was.get(identity)?.isSharing)) },
    {
      kind: 'stoppedSharing',
      identities: of(others.filter(({ identity, isSharing }) => !isSharing && was.get(identity)?.isSharing)),
    },
    {
      kind: 'raisedHand',
      identities: of(others.filter(({ identity, hasHandRaised }) => hasHandRaised && !was.get(identity)?.hasHandRaised)),
    },
  ];
  return changes.filter(({ identities }) => identities.length > 0);
}
