package io.budgetauthority.input;

import com.fasterxml.jackson.annotation.JsonProperty;

/// An error in one field of an input.
///
/// @param pointer the place of the error: a JSON pointer into the body, or the name of a header or
///   parameter
public record FieldError(
    @JsonProperty("pointer") String pointer, @JsonProperty("reason") String reason) {}
