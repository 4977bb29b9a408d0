import { useEffect, useRef, useState } from 'preact/hooks';
import { nearestIndex, runsOf } from './chartScale';

export interface Series {
  readonly name: string;
  /** Picks colour and dash in the style sheet. */
  readonly look: 'first' | 'second';
  /** One value per sample, null where there is none. */
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  /** The value at the top; the bottom is 0. */
  readonly max: number;
  readonly formatValue: (value: number) => string;
  /** Words for the two ends of the time axis. */
  readonly from: string;
  readonly to: string;
  /** What one sample says, for the read-out. */
  readonly describe: (index: number) => string;
  /** What the read-out says while nobody points at a sample. */
  readonly summary: string;
}

const height = 132;
const inset = { top: 8, right: 6, bottom: 20, left: 44 };
/** Samples without a value that a line still spans. */
const maxGap = 4;
const marks = [0, 0.5, 1];

/**
 * Lines over time, drawn to the pixel, so that words keep their size at every width. Pointing at it
 * reads a sample out; so do the arrow keys, for it is a slider over the samples.
 */
export function Chart({
  title,
  series,
  max,
  formatValue,
  from,
  to,
  describe,
  summary,
}: ChartProps) {
  const [frame, width] = useWidth();
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const length = series[0]?.values.length ?? 0;
  const last = Math.max(0, length - 1);
  const index = chosen === undefined ? undefined : Math.min(chosen, last);
  const plotWidth = Math.max(0, width - inset.left - inset.right);
  const plotHeight = height - inset.top - inset.bottom;
  const x = (sample: number): number =>
    inset.left + (last === 0 ? plotWidth : (sample / last) * plotWidth);
  const y = (value: number): number =>
    inset.top + (1 - Math.min(1, Math.max(0, value / max))) * plotHeight;

  const point = ({ offsetX }: { readonly offsetX: number }): void => {
    if (plotWidth > 0) setChosen(nearestIndex((offsetX - inset.left) / plotWidth, length));
  };
  const press = (event: KeyboardEvent): void => {
    const target = keyTarget(event.key, index ?? last, last);
    if (target === undefined) return;
    event.preventDefault();
    setChosen(target);
  };

  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        {series.length > 1 && (
          <span class="legend">
            {series.map(({ name, look }) => (
              <span key={name}>
                <svg class={`series ${look}`} width="18" height="8" aria-hidden="true">
                  <line x1="0" y1="4" x2="18" y2="4" />
                </svg>
                {name}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <div
        ref={frame}
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={index ?? last}
        aria-valuetext={index === undefined ? summary : describe(index)}
        onKeyDown={press}
        onPointerMove={point}
        onPointerLeave={() => {
          setChosen(undefined);
        }}
        onBlur={() => {
          setChosen(undefined);
        }}
      >
        <svg width={width} height={height} aria-hidden="true">
          {marks.map((mark) => (
            <g key={mark}>
              <line
                class="grid"
                x1={inset.left}
                x2={inset.left + plotWidth}
                y1={y(mark * max)}
                y2={y(mark * max)}
              />
              <text class="y-label" x={inset.left - 6} y={y(mark * max)}>
                {formatValue(mark * max)}
              </text>
            </g>
          ))}
          <text class="x-label" x={inset.left} y={height - 4}>
            {from}
          </text>
          <text class="x-label end" x={inset.left + plotWidth} y={height - 4}>
            {to}
          </text>
          {index !== undefined && (
            <line
              class="cursor"
              x1={x(index)}
              x2={x(index)}
              y1={inset.top}
              y2={inset.top + plotHeight}
            />
          )}
          {series.map(({ name, look, values }) => (
            <g key={name} class={`series ${look}`}>
              {runsOf(values, maxGap).map((run) => (
                <polyline
                  key={run[0]?.index}
                  points={run.map(({ index: at, value }) => `${x(at)},${y(value)}`).join(' ')}
                />
              ))}
              {values.map(
                (value, at) =>
                  value !== null && (
                    <circle key={at} cx={x(at)} cy={y(value)} r={at === index ? 4 : 1.75} />
                  ),
              )}
            </g>
          ))}
        </svg>
      </div>
      <p class="read-out quiet" aria-hidden="true">
        {index === undefined ? summary : describe(index)}
      </p>
    </figure>
  );
}

/** Where a key moves to; undefined for keys that do nothing here. */
function keyTarget(key: string, index: number, last: number): number | undefined {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return Math.max(0, index - 1);
    case 'ArrowRight':
    case 'ArrowUp':
      return Math.min(last, index + 1);
    case 'PageDown':
      return Math.max(0, index - 10);
    case 'PageUp':
      return Math.min(last, index + 10);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}

function useWidth(): [(element: HTMLElement | null) => void, number] {
  const [width, setWidth] = useState(0);
  const observer = useRef<ResizeObserver | undefined>(undefined);
  useEffect(
    () => () => {
      observer.current?.disconnect();
    },
    [],
  );
  const attach = useRef((element: HTMLElement | null): void => {
    observer.current?.disconnect();
    if (!element) return;
    setWidth(element.clientWidth);
    observer.current = new ResizeObserver(() => {
      setWidth(element.clientWidth);
    });
    observer.current.observe(element);
  });
  return [attach.current, width];
}
