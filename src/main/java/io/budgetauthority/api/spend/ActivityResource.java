package io.budgetauthority.api.spend;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.TimeSpan;
import io.budgetauthority.attribution.Amounts;
import io.budgetauthority.attribution.DecisionLists;
import io.budgetauthority.attribution.Measure;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Counts a tenant's decisions, and what they cost, by the minute or hour in which they were made
/// (protocol.md#activity).
@Path("/budget/activity")
@Produces(MediaType.APPLICATION_JSON)
public final class ActivityResource {

  private final Access access;
  private final DecisionLists lists;
  private final Clock clock;

  ActivityResource(Access access, DecisionLists lists, Clock clock) {
    this.access = access;
    this.lists = lists;
    this.clock = clock;
  }

  /// A step of time.
  private enum Step {
    MINUTE(ChronoUnit.MINUTES, Duration.ofHours(1), Duration.ofHours(6)),
    HOUR(ChronoUnit.HOURS, Duration.ofDays(1), Duration.ofDays(2));

    private final ChronoUnit unit;
    private final Duration usualSpan;
    private final Duration maxSpan;

    Step(ChronoUnit unit, Duration usualSpan, Duration maxSpan) {
      this.unit = unit;
      this.usualSpan = usualSpan;
      this.maxSpan = maxSpan;
    }
  }

  /// The sums of one step.
  ///
  /// @param at when it begins
  public record Sums(
      @JsonProperty("at") Instant at,
      @JsonProperty("decisions") long decisions,
      @JsonProperty("calls") long calls,
      @JsonProperty("open") long open,
      @JsonProperty("blocked") long blocked,
      @JsonProperty("downgraded") long downgraded,
      @JsonProperty("warned") long warned,
      @JsonProperty("released") long released,
      @JsonProperty("unreserved") long unreserved,
      @JsonProperty("degraded") long degraded,
      @JsonProperty("committed_usd") MicroUsd committed) {

    private static Sums of(Instant at, Amounts amounts) {
      return new Sums(
          at,
          amounts.of(Measure.DECISIONS),
          amounts.of(Measure.CALLS),
          amounts.of(Measure.OPEN),
          amounts.of(Measure.BLOCKED),
          amounts.of(Measure.DOWNGRADED),
          amounts.of(Measure.WARNED),
          amounts.of(Measure.RELEASED),
          amounts.of(Measure.UNRESERVED),
          amounts.of(Measure.DEGRADED),
          amounts.money(Measure.COMMITTED_USD));
    }
  }

  /// The steps of the asked time that have decisions, oldest first.
  public record Activity(
      @JsonProperty("from") Instant from,
      @JsonProperty("to") Instant to,
      @JsonProperty("items") List<Sums> items) {
    public Activity {
      items = List.copyOf(items);
    }
  }

  @GET
  public Activity get(
      @QueryParam("from") @Nullable String from,
      @QueryParam("to") @Nullable String to,
      @QueryParam("step") @Nullable String step) {
    Caller caller = access.require(Role.GATEWAY, Role.VIEWER, Role.ADMIN);
    Step of = step(step);
    TimeSpan span = TimeSpan.parse(from, to, clock.instant(), of.usualSpan, of.maxSpan);
    Instant first = span.from().truncatedTo(of.unit);
    Map<Instant, Amounts> sums =
        lists.activity(caller.tenantId(), first, span.to(), of.unit.getDuration());
    return new Activity(
        first,
        span.to(),
        sums.entrySet().stream().map(it -> Sums.of(it.getKey(), it.getValue())).toList());
  }

  private static Step step(@Nullable String step) {
    return switch (step) {
      case null -> Step.MINUTE;
      case "", "minute" -> Step.MINUTE;
      case "hour" -> Step.HOUR;
      default -> throw RequestFields.invalid("step", "must be minute or hour");
    };
  }
}
