import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { IconButton } from '../components/Button';
import { usePanel } from '../components/focus';
import { type Texts, useTexts } from '../i18n';
import type { MeetingRoom, Person } from './room';
import {
  chartOf,
  historyMs,
  type Moment,
  rateText,
  readServer,
  type Row,
  type ServerPath,
  shareText,
  type Shown,
  sizeText,
  StatisticsModel,
} from './statistics';
import { usePersonName } from './Tile';

const everyMs = 1000;
/** A server that tells nothing is asked less often. */
const retryMs = 10_000;

/** What is known of the media, for whoever looks for the reason of something. Gathered while it is shown. */
export function StatisticsPanel({ room, onClose }: { room: MeetingRoom; onClose: () => void }) {
  const texts = useTexts();
  const panel = usePanel(onClose);
  const shown = useStatistics(room);
  const people = useStore(room.state, (state) => state.people);
  return (
    <aside className="meeting-panel statistics" aria-label={texts.statistics.title} {...panel}>
      <header className="pane-header">
        <div className="pane-title">
          <h2>{texts.statistics.title}</h2>
        </div>
        <IconButton icon="close" label={texts.common.close} onClick={onClose} />
      </header>
      <div className="pane-scroll" role="region" aria-label={texts.statistics.figures} tabIndex={0}>
        {shown ? (
          <>
            <Connection path={shown.path} history={shown.history} />
            <Background room={room} />
            {shown.rows.map((row) => (
              <TrackRow key={row.sid} row={row} person={people.find(({ identity }) => identity === row.identity)} />
            ))}
          </>
        ) : (
          <p className="statistics-waiting">{texts.common.loading}</p>
        )}
      </div>
    </aside>
  );
}

function useStatistics(room: MeetingRoom): Shown | undefined {
  const [shown, setShown] = useState<Shown>();
  useEffect(() => {
    const model = new StatisticsModel();
    let isOver = false;
    let askAt = 0;
    const read = async () => {
      const asks = performance.now() >= askAt;
      const [readings, said] = await Promise.all([room.readTracks(), asks ? room.askServer() : undefined]);
      const server = readServer(said);
      const now = performance.now();
      if (asks && !server) askAt = now + retryMs;
      if (isOver) return;
      setShown(model.add(now, readings, server));
    };
    let timer = 0;
    const again = () => {
      void read().finally(() => {
        if (!isOver) timer = window.setTimeout(again, everyMs);
      });
    };
    again();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [room]);
  return shown;
}

/** How this user's background goes, while there is one. */
function Background({ room }: { room: MeetingRoom }) {
  const { effects, statistics: texts } = useTexts();
  const report = useStore(room.state, (state) => state.background);
  if (!report) return null;
  return (
    <section className="statistics-part" aria-label={effects.background}>
      <h3>{effects.background}</h3>
      <Figures
        figures={[
          ['background-fps', texts.framesPerSecond, report.fps.toFixed(1)],
          ['background-delay', texts.addedDelay, `${report.latencyMs.toFixed(1)} ms`],
          ['background-every', texts.lookedFor, texts.everyFrame(report.maskEvery)],
          ['background-by', texts.drawnBy, report.compositor === 'webgl' ? 'WebGL' : 'Canvas'],
        ]}
      />
    </section>
  );
}

function Connection({ path, history }: { path: ServerPath | undefined; history: Moment[] }) {
  const { statistics: texts } = useTexts();
  const limitedBy = path && texts.pathLimits[path.limitedBy];
  return (
    <section className="statistics-part" aria-label={texts.connection}>
      <h3>{texts.connection}</h3>
      <HistoryChart history={history} />
      {path ? (
        <Figures
          figures={[
            ['estimate', texts.estimate, rateText(path.estimate)],
            ['limited-by', texts.limitation, limitedBy ?? '–'],
            ['wanted-rate', texts.wanted, rateText(path.wanted)],
            ['allocated-rate', texts.allocated, rateText(path.allocated)],
            ['path-loss', texts.loss, shareText(path.loss)],
            ['path-round-trip', texts.roundTrip, `${Math.round(path.roundTripMs)} ms`],
            ['queue', texts.queue, `${Math.round(path.queueMs)} ms`],
          ]}
        />
      ) : (
        <p className="statistics-note">{texts.noServer}</p>
      )}
    </section>
  );
}

const chartWidth = 300;
const chartHeight = 88;

function HistoryChart({ history }: { history: Moment[] }) {
  const { statistics: texts } = useTexts();
  const last = history.at(-1);
  const chart = chartOf(history, last?.at ?? 0, chartWidth, chartHeight);
  const summary = texts.chart(
    rateText(last?.received ?? 0),
    last?.estimate === undefined ? undefined : rateText(last.estimate),
    chart.freezes.length,
  );
  return (
    <figure className="statistics-chart">
      <svg viewBox={`0 0 ${chartWidth} ${chartHeight}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <line className="chart-grid" x1={0} x2={chartWidth} y1={chartHeight / 2} y2={chartHeight / 2} />
        {chart.freezes.map((x) => (
          <line key={x} className="chart-freeze" x1={x} x2={x} y1={0} y2={chartHeight} />
        ))}
        {chart.estimate.map((points) => (
          <polyline key={points.slice(0, 12)} className="chart-estimate" points={points} />
        ))}
        <polyline className="chart-received" points={chart.received} />
      </svg>
      <span className="chart-top" aria-hidden="true">
        {rateText(chart.top)}
      </span>
      <figcaption aria-hidden="true">
        <span className="legend-received">{texts.received}</span>
        <span className="legend-estimate">{texts.estimate}</span>
        <span className="legend-freeze">{texts.freezes}</span>
        <span className="legend-span">{texts.lastSeconds(historyMs / 1000)}</span>
      </figcaption>
    </figure>
  );
}

function TrackRow({ row, person }: { row: Row; person: Person | undefined }) {
  const texts = useTexts();
  const nameOf = usePersonName();
  const name = person ? nameOf(person) : row.identity;
  const { server } = row;
  const title = `${row.isLocal ? `${name} (${texts.common.you})` : name}: ${sourceText(row, texts)}`;
  return (
    <section
      className="statistics-part"
      aria-label={title}
      data-identity={row.identity}
      data-source={row.source}
      data-limit={server?.limit}
    >
      <h3>{title}</h3>
      {server && <p className="statistics-why">{texts.statistics.why(server)}</p>}
      <Figures figures={figuresOf(row, texts)} />
    </section>
  );
}

/** Those that are known of a track of its kind and direction. */
function figuresOf({ figures, server }: Row, { statistics: texts }: Texts): Figure[] {
  const isVideo = figures.kind === 'video';
  const isReceived = figures.direction === 'received';
  const all: (Figure | false | undefined)[] = [
    isVideo && ['size', isReceived ? texts.size : texts.sentSize, layerText(figures)],
    isVideo && ['frames', texts.framesPerSecond, `${Math.round(figures.framesPerSecond ?? 0)}`],
    ['codec', texts.codec, figures.codec ?? '–'],
    ['rate', texts.rate, rateText(figures.bitsPerSecond)],
    ['loss', texts.loss, shareText(figures.loss)],
    figures.jitterSeconds !== undefined && ['jitter', texts.jitter, millisecondsText(figures.jitterSeconds)],
    figures.roundTripSeconds !== undefined && [
      'round-trip',
      texts.roundTrip,
      millisecondsText(figures.roundTripSeconds),
    ],
    isVideo && isReceived && ['freezes', texts.freezes, `${figures.freezes} (${figures.frozenSeconds.toFixed(1)} s)`],
    !isVideo && isReceived && ['concealed', texts.concealed, shareText(figures.concealed)],
    figures.limitation !== undefined && [
      'limitation',
      texts.limitation,
      texts.limitations[figures.limitation] ?? figures.limitation,
    ],
    isVideo && server && ['wanted', texts.wanted, layerText(server.wanted)],
    isVideo && server && ['allocated', texts.allocated, layerText(server.allocated)],
    isVideo && server && ['sent', texts.sent, layerText(server.sent)],
  ];
  return all.filter((figure): figure is Figure => Boolean(figure));
}

function millisecondsText(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}

function layerText(layer: Parameters<typeof sizeText>[0]): string {
  return sizeText(layer) ?? '–';
}

function sourceText({ source }: Row, texts: Texts): string {
  switch (source) {
    case 'camera':
      return texts.meeting.camera;
    case 'microphone':
      return texts.meeting.microphone;
    case 'screen':
      return texts.statistics.screen;
    default:
      return texts.statistics.otherTrack;
  }
}

/** Its name in the document, its label and its value. */
type Figure = [name: string, label: string, value: string];

function Figures({ figures }: { figures: Figure[] }) {
  return (
    <dl>
      {figures.map(([name, label, value]) => (
        <div key={name}>
          <dt>{label}</dt>
          <dd data-figure={name}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
