package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.price.table.IncomingPrices;
import io.budgetauthority.price.table.IncomingPrices.Taken;
import jakarta.inject.Named;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Imports a price file that was put in the bucket under `incoming/`. A file that makes no price
/// table is no error of the function. What is wrong with it is stored beside the tables and logged.
@Counted
@Named("prices")
public class IncomingFile
    implements RequestHandler<IncomingFile.ObjectCreated, IncomingFile.Outcome> {

  private static final Logger LOG = Logger.getLogger("budget.prices");

  private final IncomingPrices incoming;

  IncomingFile(IncomingPrices incoming) {
    this.incoming = incoming;
  }

  /// EventBridge's event of a new object. The key is plain text, not percent-encoded as in S3's own
  /// notifications.
  public record ObjectCreated(@JsonProperty("detail") @Nullable Detail detail) {

    /// The part of the event that S3 defines.
    public record Detail(@JsonProperty("object") @Nullable Named object) {}

    /// The new object.
    public record Named(@JsonProperty("key") @Nullable String key) {}

    private String objectKey() {
      if (detail == null || detail.object() == null || detail.object().key() == null) {
        throw new IllegalArgumentException("detail.object.key is required");
      }
      if (!detail.object().key().startsWith(IncomingPrices.FOLDER)) {
        throw new IllegalArgumentException(
            detail.object().key() + " is not under " + IncomingPrices.FOLDER);
      }
      return detail.object().key();
    }
  }

  /// What happened to the object.
  ///
  /// @param outcome `published`, `waiting` (for its review to be accepted), `refused` or `gone`
  /// @param version the version of the table that it became; null if it became none
  public record Outcome(
      @JsonProperty("key") String key,
      @JsonProperty("outcome") String outcome,
      @JsonProperty("version") @Nullable String version) {}

  /// An event that names no object under `incoming/` gets an [IllegalArgumentException].
  @Override
  public Outcome handleRequest(ObjectCreated event, Context context) {
    String key = event.objectKey();
    return switch (incoming.take(key)) {
      case Taken.Published it -> {
        LOG.infof("%s is price table %s, published", key, it.table().version());
        yield new Outcome(key, "published", it.table().version());
      }
      case Taken.Waiting it -> {
        LOG.warnf(
            "%s is price table %s; publish it once its review is read", key, it.table().version());
        yield new Outcome(key, "waiting", it.table().version());
      }
      case Taken.Refused it -> {
        LOG.errorf("%s makes no price table: %s", key, it.review().problems());
        yield new Outcome(key, "refused", null);
      }
      case Taken.Gone it -> {
        LOG.infof("%s is gone", key);
        yield new Outcome(key, "gone", null);
      }
    };
  }
}
