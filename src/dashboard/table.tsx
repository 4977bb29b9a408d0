/**
 * Tables that become lists where there is no room for columns. The style sheet then changes how
 * they are displayed, at which browsers forget that they are tables; so the roles are spelled out.
 */
import type { ComponentChildren } from 'preact';

export interface Column {
  readonly name: string;
  readonly numeric?: boolean;
  /** The column has a name for screen readers only. */
  readonly silent?: boolean;
}

interface TableProps {
  readonly labelledBy: string;
  readonly columns: readonly Column[];
  /** Table bodies. */
  readonly children: ComponentChildren;
  readonly class?: string;
}

export function Table({ labelledBy, columns, children, class: look = '' }: TableProps) {
  return (
    <table role="table" class={look} aria-labelledby={labelledBy}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name, numeric, silent }) => (
            <th key={name} role="columnheader" scope="col" class={numeric ? 'number' : ''}>
              {silent ? <span class="unseen">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      {children}
    </table>
  );
}

interface CellProps {
  /** The name of its column, which a list shows in front of it. */
  readonly label?: string;
  readonly numeric?: boolean;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Cell({ label, numeric = false, class: look = '', children }: CellProps) {
  return (
    <td role="cell" class={`${numeric ? 'number ' : ''}${look}`} data-label={label}>
      {children}
    </td>
  );
}

/** The cell that names its row. */
export function RowHead({ children }: { readonly children: ComponentChildren }) {
  return (
    <th role="rowheader" scope="row">
      {children}
    </th>
  );
}

/** What matters, and below it in a softer colour what belongs to it. */
export function TwoLines({
  main,
  more,
}: {
  readonly main: ComponentChildren;
  readonly more?: ComponentChildren;
}) {
  return (
    <>
      <span class="main-line">{main}</span>
      {more !== undefined && more !== '' && <span class="quiet more-line">{more}</span>}
    </>
  );
}

/** A model's name in one line; what does not fit is in the hover. */
export function Model({ name }: { readonly name: string }) {
  return (
    <span class="model" title={name}>
      {name}
    </span>
  );
}
