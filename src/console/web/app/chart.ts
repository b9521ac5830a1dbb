import { LitElement } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { EChartsType } from "echarts/core";
import { format } from "./money";

export interface Series {
  name: string;
  /** What the legend and tooltip call it, and the colour variable of the theme that it has. */
  colour: string;
  values: number[];
  stack?: string;
}

/**
 * Bars over labels. Values are whole numbers: counts, or micro-USD where `money` is set. The charting
 * library is loaded with the first chart. The numbers stand in a table beside the chart.
 */
@customElement("ba-chart")
export class Chart extends LitElement {
  @property({ attribute: false }) labels: string[] = [];
  @property({ attribute: false }) series: Series[] = [];
  @property({ type: Boolean }) money = false;
  @property() label = "";

  private chart: EChartsType | undefined;
  private readonly resized = new ResizeObserver(() => this.chart?.resize());
  private readonly scheme = matchMedia("(prefers-color-scheme: dark)");
  private readonly onScheme = (): void => void this.draw();

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.resized.observe(this);
    this.scheme.addEventListener("change", this.onScheme);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
    this.scheme.removeEventListener("change", this.onScheme);
    this.chart?.dispose();
    this.chart = undefined;
  }

  protected override updated(): void {
    this.setAttribute("role", "img");
    this.setAttribute("aria-label", this.label);
    void this.draw();
  }

  private async draw(): Promise<void> {
    const { init } = await import("./echarts");
    if (!this.isConnected) {
      return;
    }
    this.chart ??= init(this);
    const style = getComputedStyle(this);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const write = (value: number): string =>
      this.money ? format(BigInt(value)) : value.toLocaleString("en-US");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.chart.setOption(
      {
        animation: !still,
        animationDuration: 200,
        textStyle: { fontFamily: style.fontFamily, color: colour("--text") },
        grid: { left: 8, right: 8, top: 32, bottom: 8, containLabel: true },
        legend: { top: 0, textStyle: { color: colour("--text") } },
        tooltip: { trigger: "axis", valueFormatter: (value: unknown) => write(Number(value)) },
        xAxis: {
          type: "category",
          data: this.labels,
          axisLabel: { color: colour("--muted") },
        },
        yAxis: {
          type: "value",
          minInterval: 1,
          axisLabel: { color: colour("--muted"), formatter: write },
          splitLine: { lineStyle: { color: colour("--line") } },
        },
        series: this.series.map((series) => ({
          type: "bar",
          barMaxWidth: 60,
          name: series.name,
          data: series.values,
          itemStyle: { color: colour(series.colour) },
          ...(series.stack === undefined ? {} : { stack: series.stack }),
        })),
      },
      { notMerge: true },
    );
  }
}
