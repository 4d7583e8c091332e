TEST_OBJS_tm = $(call mod_objs,tm)
