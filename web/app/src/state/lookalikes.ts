/**
 * Letters that look like others, by what they look like: those of the Cyrillic and Greek alphabets, digits and signs
 * that take the place of Latin letters in names (a small part of Unicode's confusables, UTS 39).
 */
const likeLatin: Readonly<Record<string, string>> = {
  // Cyrillic
  а: 'a', в: 'b', е: 'e', ё: 'ë', з: '3', і: 'i', ї: 'ï', ј: 'j', к: 'k', м: 'm', н: 'h', о: 'o', р: 'p', с: 'c', ѕ: 's',
  т: 't', у: 'y', х: 'x', ԁ: 'd', ԛ: 'q', ԝ: 'w', һ: 'h', ӏ: 'l', ь: 'b', г: 'r', п: 'n',
  // Greek
  α: 'a', β: 'b', γ: 'y', ε: 'e', ζ: 'z', η: 'n', ι: 'i', κ: 'k', μ: 'u', ν: 'v', ο: 'o', ρ: 'p', τ: 't', υ: 'u', χ: 'x', ω: 'w',
  // Latin, digits and signs
  ı: 'i', ɑ: 'a', ɡ: 'g', ʟ: 'l', '0': 'o', '1': 'l', '|': 'l', 'ǀ': 'l', '’': "'", '‘': "'", '`': "'", '–': '-', '—': '-',
};

/** Equal for names that people cannot tell apart: compare it, show it to nobody. */
export function skeleton(name: string): string {
  // A capital i is a small L to the eye.
  const folded = name.normalize('NFKC').replaceAll('I', 'l').toLowerCase();
  return [...folded]
    .map((letter) => likeLatin[letter] ?? letter)
    .join('')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll(/\s+/g, '');
}

/** Whose name looks like the one of somebody else among them. */
export function lookalikes(names: ReadonlyMap<bigint, string>): ReadonlySet<bigint> {
  const first = new Map<string, bigint>();
  const found = new Set<bigint>();
  for (const [id, name] of names) {
    const shape = skeleton(name);
    const other = first.get(shape);
    if (other === undefined) {
      first.set(shape, id);
    } else {
      found.add(other).add(id);
    }
  }
  return found;
}
