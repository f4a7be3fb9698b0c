// Decisions per minute as stacked bars. The chart is a picture; what it shows is also said in its label.
import type { ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import type { TrafficSummary } from '#api/sentinel-api.ts';
import { countText } from './format.ts';

type Minutes = TrafficSummary['minutes'];

const HEIGHT = 150;
/** Bars of each minute: what is drawn later lies in front. */
const LAYERS = [
  { label: 'Allowed', color: '--allow-bar' },
  { label: 'Would deny', color: '--would-bar' },
  { label: 'Denied', color: '--deny-bar' },
] as const;

export function TrafficChart({ minutes }: { readonly minutes: Minutes }): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const latest = useRef(minutes);
  useEffect(() => {
    latest.current = minutes;
    chart.current?.setData(dataOf(minutes));
  }, [minutes]);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const draw = (): void => {
      chart.current?.destroy();
      chart.current = new uPlot(optionsFor(element), dataOf(latest.current), element);
    };
    draw();
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    const sizes = new ResizeObserver(() =>
      chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    sizes.observe(element);
    return () => {
      scheme.removeEventListener('change', draw);
      sizes.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, []);
  return (
    <figure className="traffic">
      <div ref={place} role="img" aria-label={labelOf(minutes)} />
      <figcaption>
        {LAYERS.toReversed().map(({ label, color }) => (
          <span key={label} className={`key ${color.slice(2)}`}>
            {label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** Stacked from the bottom: denied, would deny, allowed. */
function dataOf(minutes: Minutes): uPlot.AlignedData {
  return [
    minutes.map(({ at }) => Date.parse(at) / 1000),
    minutes.map(({ allow, deny, would_deny }) => allow + deny + would_deny),
    minutes.map(({ deny, would_deny }) => deny + would_deny),
    minutes.map(({ deny }) => deny),
  ];
}

function optionsFor(element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const bars = uPlot.paths.bars?.({ size: [0.8, 24], radius: 0.15 });
  const axis = { stroke: color('--muted'), font: `11px ${style.fontFamily}`, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [6, 4, 0, 0],
    // Half a minute of room on either side, so that the first and the last bar are whole.
    scales: {
      x: { range: (_plot, min, max) => [min - 30, max + 30] },
      y: { range: (_plot, _min, max) => [0, Math.max(4, max * 1.1)] },
    },
    axes: [
      { ...axis, size: 22, grid: { show: false }, space: 70, values: '{HH}:{mm}' },
      {
        ...axis,
        size: 36,
        space: 28,
        grid: { stroke: color('--line'), width: 1 },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6],
        values: (_plot, splits) => splits.map((split) => countText(split)),
      },
    ],
    series: [
      {},
      ...LAYERS.map((layer) => ({
        label: layer.label,
        width: 0,
        fill: color(layer.color),
        points: { show: false },
        ...(bars === undefined ? {} : { paths: bars }),
      })),
    ],
  };
}

function labelOf(minutes: Minutes): string {
  const sum = (count: (minute: Minutes[number]) => number): string =>
    countText(minutes.reduce((total, minute) => total + count(minute), 0));
  return (
    `Decisions of the last ${minutes.length} minutes: ${sum(({ allow }) => allow)} allowed, ` +
    `${sum(({ deny }) => deny)} denied, ${sum(({ would_deny }) => would_deny)} would be denied.`
  );
}
