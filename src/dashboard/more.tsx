import { Button } from './button';
import { count } from './format';
import { t } from './localize';
import { usePage } from './page';
import { useDisclosure } from './section';

/** Rows shown before the rest is asked for. */
const shortLength = { panel: 10, view: 5 };

export interface RowLimit {
  readonly rows: number;
  readonly all: boolean;
  /** Whether there is more than what is shown at first. */
  readonly more: boolean;
  readonly toggle: () => void;
}

/** How many of `total` rows a table shows; remembered under `key`. */
export function useRowLimit(key: string, total: number): RowLimit {
  const { layout } = usePage();
  const { open, toggle } = useDisclosure(`all:${key}`, false);
  const short = Math.min(total, shortLength[layout]);
  return { rows: open ? total : short, all: open, more: total > short, toggle };
}

/** The button that shows the rest; nothing when there is no rest. */
export function More({ limit, total }: { readonly limit: RowLimit; readonly total: number }) {
  if (!limit.more) return null;
  return (
    <p class="more">
      <Button
        look="link"
        label={limit.all ? t('Show fewer') : t('Show all {0}', count(total))}
        onClick={limit.toggle}
      />
    </p>
  );
}
