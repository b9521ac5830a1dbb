package io.budgetauthority.api;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.budgetauthority.decision.DecisionFacts;
import io.quarkus.jackson.ObjectMapperCustomizer;
import jakarta.inject.Singleton;

/// Sets how answers are written: times as RFC 3339, nulls as nulls, and no members that are stored
/// for internal use only.
@Singleton
final class JsonShapes implements ObjectMapperCustomizer {

  @Override
  public void customize(ObjectMapper mapper) {
    mapper.disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS);
    mapper.addMixIn(DecisionFacts.class, DecisionRecord.AsShown.class);
  }
}
