package io.budgetauthority.price.litellm;

import static java.util.Map.entry;

import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.TokenClass;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Says what every field name of LiteLLM's price file means. No other class knows these names. A
/// price field is a base name and suffixes, in any order: `_above_<N>k_tokens`, `_above_1hr`, and
/// the service tiers. A name that looks like a price and is not listed here makes the import fail,
/// because a skipped price would not be noticed.
final class LiteLlmFields {

  private LiteLlmFields() {}

  /// What a price pays for.
  sealed interface Billed {
    record Tokens(TokenClass tokenClass) implements Billed {}

    record Unit(BillingUnit unit) implements Billed {}

    record Tool(String name) implements Billed {}
  }

  /// What a field is.
  sealed interface Field {}

  /// A price.
  ///
  /// @param perPowerOfTen the price is for 10 to this power of what is billed
  /// @param onlyIfDearer whether the price is of something that is billed as the class and not of
  ///   the class itself, so that it counts only where it is dearer than what applies without it
  /// @param variant the size, resolution or length that the price is for; null for none
  record PriceOf(
      Billed billed,
      String serviceTier,
      long aboveTokens,
      int perPowerOfTen,
      boolean onlyIfDearer,
      @Nullable String variant)
      implements Field {

    /// The same price for inputs above another length.
    PriceOf above(long tokens) {
      return new PriceOf(billed, serviceTier, tokens, perPowerOfTen, onlyIfDearer, variant);
    }
  }

  /// What multiplies the token prices of a whole call.
  ///
  /// @param ofSpeed whether it is for a speed; else it is for a region of inference
  /// @param name the region or the speed
  record MultiplierOf(boolean ofSpeed, String name) implements Field {}

  /// Figures that are read, named in the review and never charged.
  record NotApplied(String reason) implements Field {}

  /// A field with a shape of its own.
  enum Structure implements Field {
    TIERED_PRICING,
    OFF_PEAK_PRICING,
    SEARCH_COST_BY_SIZE,
    PROVIDER_ENTRY,
    OBJECT_NOT_APPLIED,
  }

  /// A field that is known and holds no price.
  record Known() implements Field {}

  /// A field that is not listed here.
  record Unknown(boolean looksLikePrice) implements Field {}

  private record Base(Billed billed, int perPowerOfTen, boolean onlyIfDearer) {}

  private static final Map<String, Base> BASES =
      Map.ofEntries(
          tokens("input_cost_per_token", TokenClass.INPUT),
          tokens("cache_read_input_token_cost", TokenClass.CACHE_READ),
          tokens("input_cost_per_token_cache_hit", TokenClass.CACHE_READ),
          dearerTokens("explicit_cache_read_input_token_cost", TokenClass.CACHE_READ),
          tokens("cache_creation_input_token_cost", TokenClass.CACHE_WRITE),
          tokens("input_cost_per_audio_token", TokenClass.INPUT_AUDIO),
          tokens("input_cost_per_image_token", TokenClass.INPUT_IMAGE),
          dearerTokens("input_cost_per_video_token", TokenClass.INPUT_IMAGE),
          tokens("cache_read_input_audio_token_cost", TokenClass.CACHE_READ_AUDIO),
          tokens("cache_read_input_image_token_cost", TokenClass.CACHE_READ_IMAGE),
          tokens("cache_creation_input_audio_token_cost", TokenClass.CACHE_WRITE_AUDIO),
          tokens("output_cost_per_token", TokenClass.OUTPUT),
          tokens("output_cost_per_reasoning_token", TokenClass.REASONING),
          tokens("output_cost_per_audio_token", TokenClass.OUTPUT_AUDIO),
          tokens("output_cost_per_image_token", TokenClass.OUTPUT_IMAGE),
          dearerTokens("output_cost_per_video_token", TokenClass.OUTPUT_IMAGE),
          perThousandTokens("computer_use_input_cost_per_1k_tokens", TokenClass.INPUT),
          perThousandTokens("computer_use_output_cost_per_1k_tokens", TokenClass.OUTPUT),
          unit("input_cost_per_image", BillingUnit.IMAGES),
          unit("output_cost_per_image", BillingUnit.IMAGES),
          unit("cost_per_second", BillingUnit.SECONDS),
          unit("input_cost_per_second", BillingUnit.SECONDS),
          unit("output_cost_per_second", BillingUnit.SECONDS),
          unit("input_cost_per_audio_per_second", BillingUnit.SECONDS),
          unit("input_cost_per_video_per_second", BillingUnit.SECONDS),
          unit("output_cost_per_video_per_second", BillingUnit.SECONDS),
          unit("input_cost_per_character", BillingUnit.CHARACTERS),
          unit("output_cost_per_character", BillingUnit.CHARACTERS),
          unit("input_cost_per_pixel", BillingUnit.PIXELS),
          unit("output_cost_per_pixel", BillingUnit.PIXELS),
          unit("ocr_cost_per_page", BillingUnit.PAGES),
          unit("ocr_cost_per_credit", BillingUnit.CREDITS),
          unit("input_cost_per_query", BillingUnit.QUERIES),
          unit("input_cost_per_request", BillingUnit.REQUESTS),
          unit("input_cost_per_text_message", BillingUnit.REQUESTS),
          tool("google_maps_grounding_cost_per_query", "google_maps", 0),
          tool("file_search_cost_per_1k_calls", "file_search", 3),
          tool("code_interpreter_cost_per_session", "code_interpreter", 0),
          tool("citation_cost_per_token", "citations", 0),
          tool("annotation_cost_per_page", "annotations", 0));

  private static final Map<String, Field> OTHERS =
      Map.ofEntries(
          entry("tiered_pricing", Structure.TIERED_PRICING),
          entry("off_peak_pricing", Structure.OFF_PEAK_PRICING),
          entry("search_context_cost_per_query", Structure.SEARCH_COST_BY_SIZE),
          entry("guardrail_cost_per_unit", Structure.OBJECT_NOT_APPLIED),
          entry("provider_specific_entry", Structure.PROVIDER_ENTRY),
          entry("regional_endpoint_uplift_multiplier", new MultiplierOf(false, "regional")),
          entry("search_free_requests", Structure.OBJECT_NOT_APPLIED),
          entry("input_dbu_cost_per_token", new NotApplied("a price in DBU, not in dollars")),
          entry("output_dbu_cost_per_token", new NotApplied("a price in DBU, not in dollars")),
          entry("file_search_cost_per_gb_per_day", new NotApplied("storage by the day, no call")),
          entry("vector_store_cost_per_gb_per_day", new NotApplied("storage by the day, no call")));

  private static final Set<String> KNOWN =
      Set.of(
          "audio_transcription_config",
          "bedrock_converse_supports_strict_tools",
          "bedrock_output_config_effort_ceiling",
          "comment",
          "default_reasoning_effort",
          "deprecation_date",
          "gemini_audio_only_live",
          "gemini_native_audio",
          "litellm_provider",
          "max_input_tokens",
          "max_output_tokens",
          "max_tokens",
          "metadata",
          "mode",
          "output_vector_size",
          "prompt_cache_min_tokens",
          "reasoning_effort_levels",
          "rpm",
          "source",
          "thinking_always_on",
          "token_count_framing",
          "token_count_model",
          "token_count_tokenizer",
          "tpm",
          "use_openai_responses_path",
          "uses_embed_content",
          "vertex_ai_audio_api",
          "web_search_billing_unit");

  private static final Map<String, String> SERVICE_TIERS =
      Map.of(
          "batches", "batch",
          "flex", "flex",
          "priority", "priority",
          "decisions", "decisions",
          "ultrafast", "ultrafast",
          "balanced", "balanced");

  private static final Pattern SUFFIX =
      Pattern.compile(
          "(?<rest>.+)_(?:above_(?<thousands>[1-9][0-9]{0,5})k_tokens|(?<hour>above_1hr)|(?<tier>"
              + String.join("|", SERVICE_TIERS.keySet())
              + "))");

  /// Sizes, resolutions and lengths that a unit's price may depend on.
  private static final Pattern VARIANT =
      Pattern.compile(
          "(?<rest>.+?)_(?<variant>[0-9]+(?:\\.[0-9]+)?[kK]?|[0-9]+p|above_[0-9]+s_interval)");

  /// The entries of `provider_specific_entry` that multiply the price of tokens.
  private static final Map<String, MultiplierOf> PROVIDER_MULTIPLIERS =
      Map.of(
          "us", new MultiplierOf(false, "us"),
          "eu", new MultiplierOf(false, "eu"),
          "fast", new MultiplierOf(true, "fast"));

  private static final Pattern REGIONAL =
      Pattern.compile("regional_processing_uplift_multiplier_(?<region>[a-z]{2,16})");

  private static final Pattern MULTIPLIER = Pattern.compile(".*(?:uplift|multiplier).*");

  private static final Pattern LIKE_A_PRICE =
      Pattern.compile(".*(?:cost|price|pricing|charge|usd|(?:^|_)fees?(?:_|$)).*");

  /// What a field of the file means.
  static Field of(String name) {
    Field other = OTHERS.get(name);
    if (other != null) {
      return other;
    }
    if (KNOWN.contains(name) || name.startsWith("supports_") || name.startsWith("supported_")) {
      return new Known();
    }
    Matcher regional = REGIONAL.matcher(name);
    if (regional.matches()) {
      return new MultiplierOf(false, regional.group("region"));
    }
    Field price = price(name);
    if (price instanceof Unknown && MULTIPLIER.matcher(name).matches()) {
      return new NotApplied("a multiplier, no price");
    }
    return price;
  }

  /// The multiplier that an entry of `provider_specific_entry` states; null where it states none.
  static @Nullable MultiplierOf providerMultiplier(String name) {
    return PROVIDER_MULTIPLIERS.get(name);
  }

  static boolean looksLikePrice(String name) {
    return LIKE_A_PRICE.matcher(name.toLowerCase(Locale.ROOT)).matches();
  }

  private static Field price(String name) {
    String rest = name;
    String serviceTier = Bounds.DEFAULT_TIER;
    long aboveTokens = 0;
    boolean forAnHour = false;
    for (Matcher suffix = SUFFIX.matcher(rest); suffix.matches(); suffix = SUFFIX.matcher(rest)) {
      if (suffix.group("thousands") != null && aboveTokens == 0) {
        aboveTokens = Long.parseLong(suffix.group("thousands")) * 1_000;
      } else if (suffix.group("hour") != null && !forAnHour) {
        forAnHour = true;
      } else if (suffix.group("tier") != null && serviceTier.equals(Bounds.DEFAULT_TIER)) {
        serviceTier = SERVICE_TIERS.getOrDefault(suffix.group("tier"), Bounds.DEFAULT_TIER);
      } else {
        return new Unknown(looksLikePrice(name));
      }
      rest = suffix.group("rest");
    }
    Base base = base(rest);
    if (base == null || (forAnHour && !rest.equals("cache_creation_input_token_cost"))) {
      return new Unknown(looksLikePrice(name));
    }
    Billed billed = forAnHour ? new Billed.Tokens(TokenClass.CACHE_WRITE_1H) : base.billed();
    return new PriceOf(
        billed,
        serviceTier,
        aboveTokens,
        base.perPowerOfTen(),
        base.onlyIfDearer(),
        BASES.containsKey(rest) ? null : variant(rest));
  }

  private static @Nullable Base base(String name) {
    Base base = BASES.get(name);
    if (base != null) {
      return base;
    }
    Matcher variant = VARIANT.matcher(name);
    Base whole = variant.matches() ? BASES.get(variant.group("rest")) : null;
    return whole != null && whole.billed() instanceof Billed.Unit ? whole : null;
  }

  private static @Nullable String variant(String name) {
    Matcher variant = VARIANT.matcher(name);
    return variant.matches() ? variant.group("variant") : null;
  }

  private static Map.Entry<String, Base> tokens(String name, TokenClass tokenClass) {
    return entry(name, new Base(new Billed.Tokens(tokenClass), 0, false));
  }

  private static Map.Entry<String, Base> dearerTokens(String name, TokenClass tokenClass) {
    return entry(name, new Base(new Billed.Tokens(tokenClass), 0, true));
  }

  private static Map.Entry<String, Base> perThousandTokens(String name, TokenClass tokenClass) {
    return entry(name, new Base(new Billed.Tokens(tokenClass), 3, true));
  }

  private static Map.Entry<String, Base> unit(String name, BillingUnit unit) {
    return entry(name, new Base(new Billed.Unit(unit), 0, false));
  }

  private static Map.Entry<String, Base> tool(String name, String tool, int perPowerOfTen) {
    return entry(name, new Base(new Billed.Tool(tool), perPowerOfTen, false));
  }
}
