package io.budgetauthority.api.spend;

import io.budgetauthority.attribution.Dimension;
import jakarta.ws.rs.QueryParam;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The query parameters that every query about spend accepts: days, filters and page. They have the
/// text as it was sent; [SpendQuery] reads it.
public class SpendFilter {

  @QueryParam("from")
  @Nullable String from;

  @QueryParam("to")
  @Nullable String to;

  @QueryParam("day")
  @Nullable String day;

  @QueryParam("run_id")
  @Nullable String runId;

  @QueryParam("user_id")
  @Nullable String userId;

  @QueryParam("key_id")
  @Nullable String keyId;

  @QueryParam("team_id")
  @Nullable String teamId;

  @QueryParam("feature_id")
  @Nullable String featureId;

  @QueryParam("provider")
  @Nullable String provider;

  @QueryParam("model")
  @Nullable String model;

  @QueryParam("request_class")
  @Nullable String requestClass;

  @QueryParam("limit")
  @Nullable String limit;

  @QueryParam("after")
  @Nullable String after;

  /// The stated filters by dimension, except the day. An empty parameter is the same as an absent
  /// one.
  Map<Dimension, String> stated() {
    Map<Dimension, String> stated = new EnumMap<>(Dimension.class);
    put(stated, Dimension.RUN, runId);
    put(stated, Dimension.USER, userId);
    put(stated, Dimension.KEY, keyId);
    put(stated, Dimension.TEAM, teamId);
    put(stated, Dimension.FEATURE, featureId);
    put(stated, Dimension.PROVIDER, provider);
    put(stated, Dimension.MODEL, model);
    put(stated, Dimension.REQUEST_CLASS, requestClass);
    return stated;
  }

  private static void put(
      Map<Dimension, String> stated, Dimension dimension, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      stated.put(dimension, value);
    }
  }
}
