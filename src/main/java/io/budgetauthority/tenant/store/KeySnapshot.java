package io.budgetauthority.tenant.store;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.tenant.Caller;
import java.time.Instant;

/// The snapshot of a key.
///
/// @param goodUntil when a rotation ends it; [Instant#MAX] where none does
record KeySnapshot(
    @JsonProperty("caller") Caller caller, @JsonProperty("good_until") Instant goodUntil) {

  static KeySnapshot read(String document) {
    return ConfigurationJson.read(document, KeySnapshot.class);
  }
}
